"""What is left of an attempt when its wrapper is gone, and how everything is brought to an end."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from compute.jobs.backends.local.places import Places
from compute.recipes.wrapper import processes
from compute.recipes.wrapper.folder import RunFolder, as_instant, read_json, utc_now

REACTION = timedelta(seconds=5)
KILL_WITHIN_S = 10.0


class StillAlive(Exception):
    """Processes of the attempt did not go away, not even by SIGKILL."""


@dataclass(frozen=True, slots=True)
class StoppedAttempt:
    """`is_forced`: it did not end by itself within the grace."""

    name: str
    is_forced: bool


def survivors(document: dict[str, Any], *, last_beat: datetime) -> list[int]:
    """Living processes of an attempt whose wrapper vanished.

    Its death told training to checkpoint and end. Whoever is still there when the grace is over is
    killed here: nothing may write for an attempt that counts as ended.
    """
    uid = document["uid"]
    alive = processes.marked(uid)
    grace = timedelta(seconds=document["spec"]["grace_s"])
    if alive and utc_now() > last_beat + grace + REACTION:
        processes.send(alive, signal.SIGKILL)
        time.sleep(0.05)
        alive = processes.marked(uid)
    return alive


def last_proof_of_life(folder: RunFolder, run: dict[str, Any]) -> datetime:
    """The wrapper's last heartbeat, never before the start that it announced."""
    known = [folder.last_beat(), as_instant(run.get("started_at")), as_instant(run.get("scheduled_at"))]
    return max(instant for instant in known if instant is not None)


def kill_attempt(folder: RunFolder) -> None:
    """SIGKILL for the wrapper and every process of the attempt; returns when none is left."""
    document = read_json(folder.spec)
    if document is None:
        return
    deadline = time.monotonic() + KILL_WITHIN_S
    while True:
        holder = folder.lock_holder()
        alive = processes.marked(document["uid"])
        if holder is None and not alive:
            return
        if time.monotonic() > deadline:
            raise StillAlive(f"{folder.path.name}: {alive}")
        processes.send([holder] if holder is not None else [], signal.SIGKILL)
        processes.send(alive, signal.SIGKILL)
        time.sleep(0.02)


def stop_all(root: Path, grace_s: float) -> list[StoppedAttempt]:
    """Ask every attempt below `root` to checkpoint and end; kill what is left after `grace_s`.

    Each ends with exit code 75, as one that nobody stopped: the platform resumes it at its next start.
    """
    running = [folder for folder in Places(root).folders() if _is_alive(folder)]
    for folder in running:
        _terminate(folder)
    deadline = time.monotonic() + grace_s
    waiting = list(running)
    while waiting and time.monotonic() < deadline:
        time.sleep(0.1)
        waiting = [folder for folder in waiting if _is_alive(folder)]
    for folder in waiting:
        kill_attempt(folder)
    return [StoppedAttempt(folder.path.name, is_forced=folder in waiting) for folder in running]


def _terminate(folder: RunFolder) -> None:
    holder = folder.lock_holder()
    if holder is not None:
        with contextlib.suppress(ProcessLookupError):
            processes.send([holder], signal.SIGTERM)


def _is_alive(folder: RunFolder) -> bool:
    """Held by a wrapper, or left by one that vanished with processes of the attempt still there."""
    if folder.lock_holder() is not None:
        return True
    if folder.exit.exists() or not folder.run.exists():
        return False
    document = read_json(folder.spec)
    return document is not None and bool(processes.marked(document["uid"]))
