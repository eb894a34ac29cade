"""Backend `local`: each attempt is a wrapper and its descendants on this host, known by a folder alone.

There is no daemon and nothing in memory: any instance over the same root, in any process, sees and
steers the same attempts, so the death of web or worker is no event here.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compute.jobs.backends.base import (
    AttemptSpec,
    BackendConflict,
    BackendUnavailable,
    Capabilities,
    FailureClass,
    LogPart,
    Observation,
    Phase,
    PodObservation,
    absent,
)
from compute.jobs.backends.local.ending import StillAlive, kill_attempt, last_proof_of_life, survivors
from compute.jobs.backends.local.places import Places
from compute.jobs.backends.local.starting import Host, has_begun, make_folder, start_wrapper
from compute.recipes.wrapper import outcome
from compute.recipes.wrapper.folder import RunFolder, as_instant, read_json, utc_now, write_json
from compute.recipes.wrapper.plan import LOG_LIMIT_BYTES


class LocalBackend:
    """Attempts below `root`, running code from `code_root` with the interpreters named in `environments`.

    `max_concurrent` is told to whoever places attempts; it is not enforced here, because an attempt that
    is just ending must not keep its successor out.
    """

    def __init__(
        self, root: Path, code_root: Path, environments: Mapping[str, Path], *, max_concurrent: int = 1
    ) -> None:
        self._places = Places(root.resolve())
        # Interpreters keep their links: a virtual environment is found by the path it is called by.
        paths = {name: Path(os.path.abspath(path)) for name, path in environments.items()}  # noqa: PTH100
        self._host = Host(node=socket.gethostname(), code_root=code_root.resolve(), environments=paths)
        self._max_concurrent = max_concurrent

    def capabilities(self) -> Capabilities:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return Capabilities(
            hosts=1,
            cpu_count=len(os.sched_getaffinity(0)),
            memory_bytes=memory,
            max_concurrent=self._max_concurrent,
        )

    def create(self, spec: AttemptSpec) -> Observation:
        folder = self._places.folder(spec.name)
        with self._places.alone_with(spec.name):
            known = read_json(folder.spec)
            if known is None:
                make_folder(self._places, self._host, spec)
            elif known["spec_sha256"] != spec.spec_sha256:
                raise BackendConflict(f"{spec.name} exists with another specification")
            if not has_begun(folder):
                write_json(folder.secrets, spec.secrets)
                start_wrapper(folder, self._host, spec)
        return self._observe(spec.name)

    def observe(self, names: Sequence[str]) -> list[Observation]:
        return [self._observe(name) for name in names]

    def request_stop(self, name: str) -> None:
        """The wrapper looks for this file five times a second; a signal could be lost with its sender."""
        folder = self._places.folder(name)
        try:
            folder.stop.touch()
        except FileNotFoundError:
            return

    def delete(self, name: str) -> None:
        folder = self._places.folder(name)
        grave = self._places.grave(name)
        with self._places.alone_with(name):
            try:
                kill_attempt(folder)
            except StillAlive as error:
                raise BackendUnavailable(str(error)) from error
            shutil.rmtree(grave, ignore_errors=True)
            try:
                folder.path.rename(grave)
            except FileNotFoundError:
                return
            shutil.rmtree(grave, ignore_errors=True)

    def read_log(self, name: str, offset: int, limit: int) -> LogPart:
        folder = self._places.folder(name)
        # The phase first: an attempt that has ended writes nothing after what is read next.
        phase = self._observe(name).phase
        is_over = phase in (Phase.ENDED, Phase.ABSENT)
        ceiling = LOG_LIMIT_BYTES if not is_over else offset + limit
        try:
            with folder.log.open("rb") as file:
                file.seek(offset)
                data = file.read(max(0, min(limit, ceiling - offset)))
                is_complete = offset + len(data) >= file.seek(0, os.SEEK_END)
        except FileNotFoundError:
            return LogPart(offset, b"", is_end=is_over)
        return LogPart(offset, data, is_end=is_over and is_complete)

    def checkpoint_root(self, job_id: str) -> Path | None:
        return self._places.checkpoints(job_id)

    # -- observing -------------------------------------------------------------------------------

    def _observe(self, name: str) -> Observation:
        folder = self._places.folder(name)
        document = read_json(folder.spec)
        if document is None:
            return absent(name, now=utc_now())
        ending = read_json(folder.exit)
        if ending is not None:
            return _ended(name, document, ending)
        is_held = folder.lock_holder() is not None
        run = read_json(folder.run)
        if is_held or run is None:
            return _living(name, document, run, folder, is_held=is_held)
        ending = read_json(folder.exit)  # it may have ended between the two looks
        return _vanished(name, document, run, folder) if ending is None else _ended(name, document, ending)


def _living(
    name: str, document: dict[str, Any], run: dict[str, Any] | None, folder: RunFolder, *, is_held: bool
) -> Observation:
    """Seen at the last heartbeat, not now: what is charged up to here stays right if nothing more is heard."""
    if run is not None and run["started_at"]:
        phase = Phase.RUNNING
    else:
        phase = Phase.STARTING if is_held else Phase.PENDING
    seen_at = utc_now() if run is None else last_proof_of_life(folder, run)
    return _observation(name, document, phase, pods=_pods(document, run), last_seen_at=seen_at)


def _vanished(name: str, document: dict[str, Any], run: dict[str, Any], folder: RunFolder) -> Observation:
    proof = last_proof_of_life(folder, run)
    alive = survivors(document, last_beat=proof)
    ended_at = run.get("ended_at") or proof.isoformat()
    if alive:
        pods = _pods(document, {**run, "ended_at": ended_at})
        reason = outcome.WRAPPER_VANISHED
        return _observation(name, document, Phase.RUNNING, pods=pods, reason=reason, last_seen_at=proof)
    ending = {"failure_class": FailureClass.NODE_LOST, "reason": outcome.WRAPPER_VANISHED, "text": ""}
    return _ended(name, document, {**run, **ending, "code": None, "ended_at": ended_at})


def _ended(name: str, document: dict[str, Any], ending: dict[str, Any]) -> Observation:
    failure_class = ending["failure_class"]
    return _observation(
        name,
        document,
        Phase.ENDED,
        pods=_pods(document, ending if "holder" in ending else None),
        exit_code=ending["code"],
        failure_class=FailureClass(failure_class) if failure_class else None,
        reason=ending["reason"],
        text=ending["text"],
    )


def _observation(name: str, document: dict[str, Any], phase: Phase, **known: Any) -> Observation:
    blank = {"exit_code": None, "failure_class": None, "reason": "", "text": "", "last_seen_at": utc_now()}
    return Observation(
        name=name,
        uid=document["uid"],
        phase=phase,
        spec_sha256=document["spec_sha256"],
        **{**blank, **known},
    )


def _pods(document: dict[str, Any], run: dict[str, Any] | None) -> tuple[PodObservation, ...]:
    """One stretch: a wrapper is never replaced inside an attempt. None as long as no wrapper took it."""
    if run is None:
        return ()
    return (
        PodObservation(
            uid=run["holder"],
            index=0,
            accelerators=document["spec"]["accelerators"],
            node=run["node"],
            scheduled_at=as_instant(run["scheduled_at"]),
            started_at=as_instant(run["started_at"]),
            ended_at=as_instant(run["ended_at"]),
        ),
    )
