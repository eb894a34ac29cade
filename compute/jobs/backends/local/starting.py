"""Making a run folder and starting its wrapper, so that a death between any two steps does no harm.

The folder gets its name only when it is complete. A wrapper takes the folder's lock before it does
anything, and a folder that was held once is never run again: started twice, one of two withdraws.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute.jobs.backends.base import AttemptSpec
from compute.jobs.backends.local.places import Places
from compute.recipes.wrapper import outcome
from compute.recipes.wrapper.environment import inherited
from compute.recipes.wrapper.folder import RunFolder, new_ulid, sync_folder, utc_now, write_json

READY_WITHIN_S = 30.0
TRIES = 3
WRAPPER = "compute.recipes.wrapper"


@dataclass(frozen=True, slots=True)
class Host:
    """What this machine offers to a wrapper."""

    node: str
    code_root: Path
    environments: Mapping[str, Path]


def make_folder(places: Places, host: Host, spec: AttemptSpec) -> None:
    """All files of the attempt, then its name. The caller is alone with the name."""
    draft = places.draft(spec.name)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    folder = RunFolder(draft)
    document: dict[str, Any] = {
        "uid": new_ulid(),
        "created_at": utc_now().isoformat(),
        "spec_sha256": spec.spec_sha256,
        "spec": spec.document(),
        "interpreter": str(host.environments.get(spec.environment, "")),
        "code_root": str(host.code_root),
        "checkpoints": str(places.checkpoints(spec.job_id)),
        "cache": str(places.cache),
        "node": host.node,
    }
    write_json(folder.spec, document)
    write_json(folder.secrets, spec.secrets)
    draft.rename(places.folder(spec.name).path)
    sync_folder(places.attempts)


def start_wrapper(folder: RunFolder, host: Host, spec: AttemptSpec) -> None:
    """Return once a wrapper holds the folder or did hold it; else the folder says why there is none."""
    interpreter = host.environments.get(spec.environment)
    if interpreter is None or not os.access(interpreter, os.X_OK):
        _say_not_started(folder, f"The environment {spec.environment} is not installed on this host.")
        return
    for _ in range(TRIES):
        if _spawn(folder, host, interpreter) or has_begun(folder):
            return
    _say_not_started(folder, f"The wrapper did not start.\n{_last_words(folder)}")


def has_begun(folder: RunFolder) -> bool:
    return folder.lock_holder() is not None or folder.run.exists() or folder.exit.exists()


def _spawn(folder: RunFolder, host: Host, interpreter: Path) -> bool:
    """Start a wrapper that no longer belongs to this process; True once it says that it holds the folder.

    Its environment is made anew: nothing of the platform's own, which holds secrets, is handed on.
    """
    reader, writer = os.pipe()
    # Each end is closed exactly once: a number closed twice may by then be another thread's file.
    with os.fdopen(reader, "rb", buffering=0), folder.wrapper_log.open("ab") as output:
        with os.fdopen(writer, "wb", buffering=0):
            starter = subprocess.Popen(
                _program(interpreter, folder, ready=writer),
                cwd=host.code_root,
                env=inherited(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[writer],
                start_new_session=True,
            )
        starter.wait()  # the wrapper has left it: nothing of ours remains to be reaped
        return _read_line(reader, READY_WITHIN_S) == b"ready\n"


def _program(interpreter: Path, folder: RunFolder, *, ready: int) -> list[str]:
    wrapper = [str(interpreter), "-S", "-E", "-m", WRAPPER]
    return [*wrapper, "--detach", "--ready-fd", str(ready), str(folder.path)]


def _read_line(descriptor: int, timeout_s: float) -> bytes:
    """What comes before the other side closes or time is up."""
    deadline = time.monotonic() + timeout_s
    data = b""
    while not data.endswith(b"\n"):
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            break
        part = os.read(descriptor, 64)
        if not part:
            break
        data += part
    return data


def _last_words(folder: RunFolder) -> str:
    try:
        return outcome.closing_text(folder.wrapper_log.read_bytes(), 1)
    except FileNotFoundError:
        return ""


def _say_not_started(folder: RunFolder, text: str) -> None:
    verdict = outcome.classify(127, cause=outcome.SPAWN_FAILED)
    ending = {"code": None, "failure_class": verdict.failure_class, "reason": verdict.reason, "text": text}
    write_json(folder.exit, {**ending, "ended_at": utc_now().isoformat(), "started_at": None})
