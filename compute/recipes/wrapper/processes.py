"""Processes as /proc shows them: who descends from whom, how much memory they hold, whose they are."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
MARK = "HEADWATERS_ATTEMPT_UID"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GONE = (FileNotFoundError, ProcessLookupError, NotADirectoryError, PermissionError)


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends (a child subreaper)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(signal_number: int = signal.SIGTERM) -> None:
    """Have the kernel send `signal_number` to this process when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def _prctl(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot: with the pid, a process's identity.

    None if there is no such process or only its corpse, which a slow init may leave for a while.
    """
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except _GONE:
        return None
    state, *rest = text.rpartition(")")[2].split()
    return None if state in ("Z", "X") else int(rest[18])


def children(pid: int) -> list[int]:
    """The children of every thread of `pid`, corpses included."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 (five times a second)
    except _GONE:
        return found
    for thread in threads:
        with contextlib.suppress(*_GONE), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123 (five times a second)
            found += map(int, file.read().split())
    return found


def descendants(pid: int) -> list[int]:
    """Every process below `pid`, parents first. One that is just being re-parented may be missed."""
    found: list[int] = []
    seen = {pid}
    waiting = [pid]
    while waiting:
        for child in children(waiting.pop()):
            if child not in seen:
                seen.add(child)
                found.append(child)
                waiting.append(child)
    return found


def resident_bytes(pids: Iterable[int]) -> int:
    """Resident memory of all, pages shared among them counted once per process: never too little."""
    total = 0
    for pid in pids:
        with contextlib.suppress(*_GONE):
            total += int((PROC / str(pid) / "statm").read_bytes().split()[1]) * _PAGE
    return total


def proportional_bytes(pids: Iterable[int]) -> int:
    """Resident memory of all, shared pages divided among their users: exact, and slow to read."""
    total = 0
    for pid in pids:
        with contextlib.suppress(*_GONE):
            for line in (PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def marked(uid: str) -> list[int]:
    """Living processes that were started on behalf of the attempt `uid`, wherever they moved since."""
    sign = f"{MARK}={uid}".encode()
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            belongs = sign in (entry / "environ").read_bytes().split(b"\0")
        except _GONE:
            continue
        if belongs and start_ticks(int(entry.name)) is not None:
            found.append(int(entry.name))
    return found


def send(pids: Iterable[int], signal_number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


def kernel_kills() -> int:
    """How many processes this machine's kernel has ended for want of memory."""
    with contextlib.suppress(OSError):
        for line in (PROC / "vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
