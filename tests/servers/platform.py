"""The real platform for browser and kill tests: gunicorn, Celery worker and beat against the test database."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy import programs
from deploy.embedded.ports import free_port
from deploy.platform import answers
from deploy.processes import Child, Program, start, wait_until
from tests.servers.leftovers import end_processes_in

START_SECONDS = 120


@dataclass
class PlatformServer:
    """A running platform; every process has its log in `folder/logs` and may be killed and started again."""

    folder: Path
    port: int
    environment: dict[str, str]
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self, *names: str) -> None:
        """Start `web`, `worker` and `beat`, or only those named; returns when each of them is at work."""
        waiting = {}
        for name in names or ("web", "worker", "beat"):
            child = self.children[name] = start(self._program(name), env=self.environment, folder=self.folder)
            waiting[child] = self._readiness(child)
        for child, ready in waiting.items():
            settled = wait_until(lambda c=child, r=ready: c.exit_code() is not None or r(), seconds=START_SECONDS)
            assert settled and child.exit_code() is None, f"{child.name} did not start:\n{child.last_lines(40)}"

    def kill(self, name: str) -> None:
        """SIGKILL to the process and its whole group, as a lost machine would."""
        child = self.children.pop(name)
        child.process.send_signal(signal.SIGKILL)
        child.stop()

    def stop(self) -> None:
        """End all, in the order in which the platform itself does."""
        for name in ("beat", "worker", "web"):
            if name in self.children:
                self.children.pop(name).stop()

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")

    def _program(self, name: str) -> Program:
        if name == "web":
            return programs.web(self.port)
        return programs.worker() if name == "worker" else programs.beat(self.folder)

    def _readiness(self, child: Child) -> Callable[[], bool]:
        if child.name == "web":
            return lambda: answers(self.port)
        before = child.log.stat().st_size
        phrase = {"worker": " ready", "beat": "beat: Starting"}[child.name]
        return lambda: phrase in child.log.read_bytes()[before:].decode(errors="replace")


@pytest.fixture
def platform_environment() -> dict[str, str]:
    """Extra environment variables of the platform's processes; override in a module to change them."""
    return {}


@contextmanager
def running_platform(folder: Path, environment: Mapping[str, str]) -> Iterator[PlatformServer]:
    """Web, worker and beat on this process's test database, started; all ended at the end of the block, jobs too."""
    port = free_port()
    own = {"PORT": str(port), "DATABASE_URL": os.environ["DATABASE_URL"], "REDIS_URL": os.environ["REDIS_URL"]}
    own |= {"DATA": str(folder / "data"), "STORAGE_URL": f"file://{folder}/data/storage", "SWEEP_SECONDS": "1"}
    (folder / "data" / "static").mkdir(parents=True)
    server = PlatformServer(folder, port, programs.child_environment(own | dict(environment)))
    try:
        server.start()
        yield server
    finally:
        server.stop()
        end_processes_in(folder)


@pytest.fixture
def platform_server(
    transactional_db: None, tmp_path: Path, platform_environment: dict[str, str]
) -> Iterator[PlatformServer]:
    """The running platform of one test."""
    with running_platform(tmp_path, platform_environment) as server:
        yield server
