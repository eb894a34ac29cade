"""Child processes: each in a session of its own, found again after a crash, ended with its whole group."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import TypedDict, cast

LOG_BYTES_KEPT = 10 * 1024 * 1024


class Record(TypedDict):
    """What `run/<name>.json` says about a child, for a start after its supervisor was killed."""

    pid: int
    started: str | None
    signal: int


@dataclass(frozen=True)
class Program:
    """How one process is started and asked to stop.

    `stop_steps` are signals with the seconds each may take; after the last one the group is killed.
    """

    name: str
    command: tuple[str, ...]
    stop_steps: tuple[tuple[Signals, float], ...] = ((Signals.SIGTERM, 10.0),)
    stdin: bytes = b""
    uid: int | None = None


@dataclass(frozen=True)
class Child:
    """A started program; `log` holds everything it printed."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path
    record: Path

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        return self.process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self.process.poll()

    def last_lines(self, count: int = 15) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-count:])

    def stop(self) -> None:
        """Ask, wait, and in the end kill; returns when the process and its group are gone."""
        for step, seconds in self.program.stop_steps:
            if self.exit_code() is not None:
                break
            self.process.send_signal(step)
            wait_until(lambda: self.exit_code() is not None, seconds=seconds)
        kill_group(self.pid)
        self.process.wait()
        self.record.unlink(missing_ok=True)


def start(program: Program, *, env: Mapping[str, str], folder: Path) -> Child:
    """Start `program`; its log is `folder/logs/<name>.log`, its record `folder/run/<name>.json`."""
    log = _log_file(folder, program.name)
    record = folder / "run" / f"{program.name}.json"
    record.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            program.command,
            env=dict(env),
            stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=program.uid,
            group=program.uid,
            extra_groups=None if program.uid is None else (),
        )
    how = Record(pid=process.pid, started=started_at(process.pid), signal=program.stop_steps[0][0])
    record.write_text(json.dumps(how))
    if process.stdin:
        try:
            process.stdin.write(program.stdin)
            process.stdin.close()
        except BrokenPipeError:
            process.wait()  # it ended at once: the caller sees the exit code and the log
    return Child(program=program, process=process, log=log, record=record)


def run_attached(command: Sequence[str], *, env: Mapping[str, str], pause: Callable[[], None]) -> int:
    """Run a command that prints to our own output; `pause` is called while it runs and ends it by raising."""
    process = subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while (code := process.poll()) is None:
            pause()
        return code
    finally:
        process.terminate()
        wait_until(lambda: process.poll() is not None, seconds=5)
        kill_group(process.pid)
        process.wait()


def end_leftovers(folder: Path) -> list[str]:
    """Stop what a killed platform left running in this data folder; returns the names.

    The recorded start time keeps a reused process id from being mistaken for ours.
    """
    ended = []
    for file in sorted((folder / "run").glob("*.json")):
        record = _read_record(file)
        if record and record["started"] and started_at(record["pid"]) == record["started"]:
            _end(record)
            ended.append(file.stem)
        file.unlink()
    return ended


def _read_record(file: Path) -> Record | None:
    try:
        return cast(Record, json.loads(file.read_text()))
    except ValueError:  # the supervisor was killed while it wrote
        return None


def _end(record: Record) -> None:
    def is_gone() -> bool:
        return started_at(record["pid"]) != record["started"]

    os.kill(record["pid"], record["signal"])
    if not wait_until(is_gone, seconds=8):
        kill_group(record["pid"])


def started_at(pid: int) -> str | None:
    """The kernel's start time of a living process (clock ticks since boot), None for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]


def kill_group(pid: int) -> None:
    """Kill whatever is left of the process group that `pid` leads."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """True as soon as the condition holds, False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def describe_exit(code: int) -> str:
    """An exit code in words."""
    return f"was killed by {Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _log_file(folder: Path, name: str) -> Path:
    log = folder / "logs" / f"{name}.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES_KEPT:
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    return log
