"""The training process and everything below it: started, measured, ended to the last descendant."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compute.recipes.wrapper import processes

ADDRESS_SPACE_MARGIN = 4 << 30
LINGER_S = 8.0
LAUNCHER = "compute.recipes.wrapper.launch"
log = logging.getLogger("wrapper")


class SpawnFailed(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Ended:
    """`code` is 128 + n for signal n. `is_killed`: by SIGKILL, whoever sent it."""

    code: int
    is_killed: bool
    cpu_seconds: float


class Training:
    """One process tree below this process, which must be a child subreaper (`processes.adopt_orphans`).

    The output goes to `log_path` directly: through a pipe, training would meet a broken one when the
    wrapper is killed, just when it has to write its last checkpoint.
    """

    def __init__(self, log_path: Path) -> None:
        self._log_path = log_path
        self.pid = 0
        self.ended: Ended | None = None
        self.peak_bytes = 0
        self.reaped: set[int] = set()

    def start(self, command: Sequence[str], environment: Mapping[str, str], *, memory_bytes: int) -> None:
        """Start `command` in a session of its own, with the wrapper's death and address space set."""
        limit = memory_bytes + ADDRESS_SPACE_MARGIN if memory_bytes else 0
        launcher = [sys.executable, "-S", "-E", "-m", LAUNCHER, str(os.getpid()), str(limit), *command]
        self.pid = self._spawn(launcher, environment)

    def _spawn(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self._log_path), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        ordinary = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE]
        try:
            return os.posix_spawn(
                command[0],
                list(command),
                environment,
                file_actions=actions,
                setsid=True,
                setsigmask=[],
                setsigdef=ordinary,
            )
        except OSError as error:
            raise SpawnFailed(f"{command[0]} cannot be started: {error}") from error

    def run_beside(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Start a helper after training has ended; its pid stands in `reaped` once it is gone."""
        return self._spawn(command, environment)

    def reap(self) -> None:
        """Collect the dead, ours and adopted ones, and note the end of training."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.reaped.add(pid)
            if pid == self.pid:
                code = os.waitstatus_to_exitcode(status)
                is_killed = code == -signal.SIGKILL
                self.ended = Ended(128 - code if code < 0 else code, is_killed, usage.ru_utime + usage.ru_stime)

    def measure(self, limit: int) -> int:
        """Memory held by all descendants; the exact, slow figure only where the quick one is above `limit`."""
        pids = processes.descendants(os.getpid())
        held = processes.resident_bytes(pids)
        if limit and held > limit:
            held = processes.proportional_bytes(pids)
        self.peak_bytes = max(self.peak_bytes, held)
        return held

    def ask_to_end(self) -> None:
        """SIGTERM to training alone: it ends its own workers, which a signal would take from under it."""
        if self.pid and self.ended is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        processes.send(processes.descendants(os.getpid()), signal.SIGKILL)

    def has_descendants(self) -> bool:
        """Asked of the kernel, not of /proc: without a child there is no deeper descendant either."""
        self.reap()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def end_descendants(self, *, linger_s: float) -> None:
        """Return once nothing below this process is alive; whoever stays after `linger_s` is killed."""
        deadline = time.monotonic() + linger_s
        while self.has_descendants():
            if time.monotonic() >= deadline:
                self.kill()
            time.sleep(0.02)


class CappedLog:
    """Keeps the log below its limit: the beginning stays, what follows is cut, the tail is remembered.

    Training appends to the file itself (`O_APPEND`), so after a cut it goes on at the new end.
    """

    MARKER = "\n[The log was cut here: it reached {limit} bytes.]\n"

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._tail = b""
        self.is_cut = False

    def keep_below_limit(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size > self._limit:
                self._tail = self._read_tail()
                os.truncate(self._path, self._limit)
                self.is_cut = True

    def tail(self, size: int = 8192) -> bytes:
        return self._tail if self.is_cut else self._read_tail(size)

    def close(self) -> None:
        self.keep_below_limit()
        if self.is_cut:
            with self._path.open("ab") as file:
                file.write(self.MARKER.format(limit=self._limit).encode() + self._tail)

    def _read_tail(self, size: int = 8192) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, self._path.stat().st_size - size))
                return file.read()
        except FileNotFoundError:
            return b""
