"""Processes that outlive those who started them, such as training jobs, which have sessions of their own."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from deploy.processes import started_at


def processes_in(folder: Path) -> Iterator[int]:
    """Every process that works in `folder` or has it in its command line."""
    for entry in list(Path("/proc").glob("[0-9]*")):
        try:
            works_here = (entry / "cwd").readlink().is_relative_to(folder)
            named = os.fsencode(folder) in (entry / "cmdline").read_bytes()
        except OSError:  # ended meanwhile
            continue
        pid = int(entry.name)
        if (works_here or named) and pid != os.getpid() and started_at(pid):
            yield pid


def end_processes_in(folder: Path) -> None:
    """Kill them, so that a test leaves nothing behind."""
    end_all(lambda: processes_in(folder))


def end_all(find: Callable[[], Iterable[int]]) -> None:
    """Kill what `find` finds until it finds nothing: while some end, others may still start."""
    deadline = time.monotonic() + 20
    while (found := list(find())) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
