"""Processes that outlive those who started them, such as training jobs, which have sessions of their own."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path


def processes_in(folder: Path) -> Iterator[int]:
    """Every process that works in `folder` or has it in its command line."""
    for entry in list(Path("/proc").glob("[0-9]*")):
        try:
            works_here = (entry / "cwd").readlink().is_relative_to(folder)
            named = os.fsencode(folder) in (entry / "cmdline").read_bytes()
        except OSError:  # ended meanwhile
            continue
        if (works_here or named) and int(entry.name) != os.getpid():
            yield int(entry.name)


def end_processes_in(folder: Path) -> None:
    """Kill them, so that a test leaves nothing behind."""
    for pid in processes_in(folder):
        os.kill(pid, signal.SIGKILL)
