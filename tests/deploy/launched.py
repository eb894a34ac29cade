"""A platform started by its real command, as a person would, with every process of it found again."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.processes import wait_until
from deploy.programs import REPOSITORY
from deploy.servers import MARK
from tests.servers.leftovers import end_all

START_SECONDS, STOP_SECONDS = 180, 90
MARKER = "HEADWATERS_TEST_LAUNCH"  # every process inherits it


@dataclass
class Launched:
    """`python -m deploy.local`, running or ended."""

    data: Path
    port: int
    process: subprocess.Popen[str]
    output: Path
    marker: str

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, phrase: str, seconds: float = START_SECONDS) -> None:
        wait_until(lambda: phrase in self.said() or self.process.poll() is not None, seconds=seconds)
        assert phrase in self.said(), self.said()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.exit_code()

    def exit_code(self) -> int:
        return self.process.wait(timeout=STOP_SECONDS)

    def pids(self) -> dict[int, str]:
        """The command line of everything that this start has started and that still runs."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # ended meanwhile
                continue
            if command and f"{MARKER}={self.marker}".encode() in environment:
                found[int(folder.name)] = command
        return found

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.process.terminate()
            wait_until(lambda: self.process.poll() is not None, seconds=STOP_SECONDS)
        end_all(self.pids)
        self.process.wait()


def launch(data: Path, port: int, output: Path, *words: str, env: Mapping[str, str] | None = None) -> Launched:
    """Start it without waiting."""
    marker = uuid.uuid4().hex
    ours = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "DATA", "PORT", MARK)
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "--data", str(data), "--port", str(port), *words],
            cwd=REPOSITORY,
            env={**inherited, MARKER: marker, **(env or {})},
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    return Launched(data, port, process, output, marker)


def shell(data: Path, command: str) -> str:
    """What a shell prints that has loaded DIR/env; fails with its errors."""
    done = subprocess.run(
        ["sh", "-ec", f". '{data}/env'; {command}"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
