"""The whole platform on one machine: started in order, watched, stopped in order."""

import http.client
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy import programs, servers
from deploy.data_folder import DataFolder
from deploy.embedded.ports import is_free
from deploy.errors import StartRefused
from deploy.processes import Child, Program, describe_exit, end_leftovers, start

WEB_START_SECONDS = 120.0
JOBS_STOP_SECONDS = 40.0  # jobs have 30 s for a last checkpoint
LABELS = {
    "postgres": "PostgreSQL",
    "redis": "Redis",
    "web": "the web server",
    "worker": "the background worker",
    "beat": "the clock of the background worker",
}


class Stopped(Exception):
    """The caller asked to stop while something was still under way."""


class ProcessDied(Exception):
    """One of the platform's processes ended by itself; the message says which and shows its last lines."""


@dataclass
class Platform:
    """One platform in one data folder. `stopping` is asked in every wait: true ends it with Stopped."""

    folder: DataFolder
    port: int
    say: Callable[[str], None]
    stopping: Callable[[], bool]
    children: list[Child] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """By name: passkeys do not work on an IP address."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Bring everything up. What has started stays in `children`; stop() ends it also after a failure."""
        leftovers = end_leftovers(self.folder.path)
        if leftovers:
            self.say(f"Ended what a killed platform had left: {', '.join(LABELS.get(n, n) for n in leftovers)}.")
        require_port(self.port)
        own = servers.start_servers(self.folder, self.children.append)
        own["PORT"] = str(self.port)
        self.folder.remember(own)
        self.environment = programs.child_environment(own)
        self._prepare_metrics()
        self.run(Program("migrate", programs.manage("migrate", "--verbosity", "1")), what="Migrating the database")
        # The serving processes never learn how to sign in as the owner of the tables.
        self.environment.pop("DATABASE_OWNER_URL")
        for program in (programs.web(self.port), programs.worker(), programs.beat(self.folder.path)):
            self.children.append(start(program, env=self.environment, folder=self.folder.path))
        self._wait_for_web()

    def watch(self) -> None:
        """Return when the caller asks to stop; raise ProcessDied when a process has ended by itself."""
        try:
            while True:
                self.check()
        except Stopped:
            return

    def check(self) -> None:
        """A moment of waiting. Raises Stopped when that was asked for, ProcessDied when a process has ended."""
        self._check_alive()
        self._pause()

    def run(self, program: Program, *, what: str) -> None:
        """Run a command to its end, its output in a log of its name. Raises StartRefused when it fails."""
        child = start(program, env=self.environment, folder=self.folder.path)
        try:
            while (code := child.exit_code()) is None:
                self._pause()
        finally:
            child.stop()
        if code:
            raise StartRefused(
                f"{what} failed ({describe_exit(code)}). Last lines of {child.log}:\n{child.last_lines()}"
            )

    def stop(self) -> None:
        """End everything in order: no new work, jobs to their last checkpoint while web still answers, the rest."""
        self._stop_children("beat", "worker")
        if any(child.name == "web" and child.exit_code() is None for child in self.children):
            self._stop_local_jobs()
        self._stop_children("web", "redis", "postgres")

    def _prepare_metrics(self) -> None:
        """Counters of several processes meet in files, which start empty."""
        folder = self.folder.path / "run" / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.environment["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + WEB_START_SECONDS
        while not answers(self.port):
            self.check()
            if time.monotonic() > deadline:
                web = next(child for child in self.children if child.name == "web")
                raise StartRefused(f"The web server does not answer. Last lines of {web.log}:\n{web.last_lines()}")

    def _stop_local_jobs(self) -> None:
        """Jobs that cannot be stopped now go on by themselves; the next start adopts them."""
        child = start(programs.stop_jobs(self.folder.path), env=self.environment, folder=self.folder.path)
        deadline = time.monotonic() + JOBS_STOP_SECONDS
        while child.exit_code() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if child.exit_code() != 0:
            self.say(f"Local jobs may still be running (see {child.log}); the next start takes them over.")
        child.stop()

    def _stop_children(self, *names: str) -> None:
        for name in names:
            for child in [child for child in self.children if child.name == name]:
                child.stop()
                self.children.remove(child)

    def _check_alive(self) -> None:
        for child in self.children:
            code = child.exit_code()
            if code is not None:
                raise ProcessDied(
                    f"{_capital(LABELS[child.name])} {describe_exit(code)}, so everything else was stopped. "
                    f"Last lines of {child.log}:\n{child.last_lines()}"
                )

    def _pause(self) -> None:
        if self.stopping():
            raise Stopped
        time.sleep(0.1)


def require_port(port: int) -> None:
    """Raise StartRefused unless the web server can listen there."""
    if not 1 <= port <= 65_535:
        raise StartRefused(f"Port {port} does not exist; choose one from 1024 to 65535 with port=N.")
    if not is_free(port):
        raise StartRefused(f"Port {port} is in use or not allowed; choose another with port=N.")


def answers(port: int) -> bool:
    """Whether the web server says that it lives."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/livez", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
