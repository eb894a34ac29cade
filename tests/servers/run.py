"""One embedded PostgreSQL and one Redis for a test run, shared by all xdist workers."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.ports import free_port
from deploy.embedded.postgres import Passwords, Postgres
from deploy.embedded.redis_server import RedisServer
from deploy.processes import end_leftovers, started_at

VARIABLE = "HEADWATERS_TEST_RUN"  # the run's folder, handed to the xdist workers
PREFIX = "headwaters-tests-"
# A test database may be lost with the machine: without these, commits wait for no disk.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}


@dataclass(frozen=True)
class TestRun:
    """Where the run's servers are. The first process starts them, the others read them from its folder."""

    __test__ = False

    folder: Path
    postgres: Postgres
    redis: RedisServer

    def stop(self) -> None:
        self.redis.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_run() -> TestRun:
    """Start both servers in a new temporary folder and publish it to child processes."""
    _remove_abandoned_runs()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    folder.chmod(0o711)  # root lends PostgreSQL the user nobody, who must be able to pass
    (folder / "process.json").write_text(json.dumps({"pid": os.getpid(), "started": started_at(os.getpid())}))
    run = _describe(folder, free_port(), free_port())
    run.postgres.start()
    run.redis.start()
    (folder / "ports.json").write_text(json.dumps([run.postgres.port, run.redis.port]))
    os.environ[VARIABLE] = str(folder)
    return run


def join_run() -> TestRun:
    """The run that the xdist controller started."""
    folder = Path(os.environ[VARIABLE])
    return _describe(folder, *json.loads((folder / "ports.json").read_text()))


def _describe(folder: Path, postgres_port: int, redis_port: int) -> TestRun:
    passwords = Passwords(owner="owner", application="application", superuser="superuser")
    return TestRun(
        folder=folder,
        postgres=Postgres(folder=folder, port=postgres_port, passwords=passwords, settings=FAST),
        redis=RedisServer(folder=folder, port=redis_port, password="tests"),
    )


def _remove_abandoned_runs() -> None:
    """End the servers of runs whose own process was killed."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/process.json"):
        try:
            process = json.loads(owner.read_text())
        except (OSError, ValueError):
            continue  # another user's, or being written right now
        if started_at(process["pid"]) != process["started"]:
            end_leftovers(owner.parent)
            shutil.rmtree(owner.parent, ignore_errors=True)
