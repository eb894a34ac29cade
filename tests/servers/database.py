"""The databases of a run: migrated once as the owner, copied for every process, emptied between real commits."""

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from deploy.embedded.postgres import APPLICATION, DATABASE, OWNER, SUPERUSER
from deploy.programs import child_environment, manage
from tests.servers.run import TestRun

PRISTINE = "pristine"  # schema with a copy of the rows that migrations insert
LOCK_SECONDS = 15


class MigrationFailed(Exception):
    """`manage.py migrate` failed for the test template; the message is its output."""


def create_copy(run: TestRun, database: str) -> None:
    """A database of its own for this process, from the template that the first caller migrates."""
    with _one_at_a_time(run.folder):
        if not (run.folder / "migrated").exists():
            _migrate_template(run)
            (run.folder / "migrated").touch()
        with psycopg.connect(run.postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    *(sql.Identifier(name) for name in (database, DATABASE, OWNER))
                )
            )


def empty(run: TestRun, database: str) -> None:
    """Bring back the state right after the migrations.

    Append-only tables refuse TRUNCATE even to their owner: the superuser does it with triggers asleep.
    Raises psycopg's LockNotAvailable, naming the sessions in the way, when a test left a transaction open.
    """
    with psycopg.connect(run.postgres.url(SUPERUSER, database)) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{LOCK_SECONDS}s"))
        tables = sql.SQL(", ").join(sql.Identifier("public", table) for table in _tables(connection, "public"))
        try:
            connection.execute(sql.SQL("TRUNCATE {}").format(tables))
        except psycopg.errors.LockNotAvailable as error:
            error.add_note(f"Still at work in this database: {_sessions(run, database)}")
            raise
        for table in _tables(connection, PRISTINE):
            _put_back(connection, table)


def _migrate_template(run: TestRun) -> None:
    own = {
        "DATABASE_URL": run.postgres.url(APPLICATION),
        "DATABASE_OWNER_URL": run.postgres.url(OWNER),
        "REDIS_URL": run.redis.url(),
        "SECRET_KEY": "tests",
        "DATA": str(run.folder / "data"),
    }
    done = subprocess.run(
        manage("migrate", "--verbosity", "0", "--skip-checks"),  # tests/test_house.py runs the checks
        env=child_environment(own),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MigrationFailed(done.stdout + done.stderr)
    with psycopg.connect(run.postgres.url(SUPERUSER)) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(PRISTINE)))
        for table in _tables(connection, "public"):
            source, copy = sql.Identifier("public", table), sql.Identifier(PRISTINE, table)
            if connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(source)).fetchone() == (True,):
                connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(copy, source))


def _put_back(connection: psycopg.Connection, table: str) -> None:
    columns = _column(
        connection,
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
        " AND is_generated = 'NEVER' ORDER BY ordinal_position",
        table,
    )
    connection.execute(
        sql.SQL("INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {}").format(
            sql.Identifier("public", table),
            sql.Identifier(PRISTINE, table),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
    )


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    return _column(connection, "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", schema)


def _sessions(run: TestRun, database: str) -> list[str]:
    with psycopg.connect(run.postgres.url(SUPERUSER, "postgres")) as connection:
        return _column(
            connection,
            "SELECT format('%%s (%%s): %%s', application_name, state, left(query, 200)) FROM pg_stat_activity"
            " WHERE datname = %s AND state <> 'idle' AND wait_event_type IS DISTINCT FROM 'Lock'",
            database,
        )


def _column(connection: psycopg.Connection, query: LiteralString, value: str) -> list[str]:
    return [row[0] for row in connection.execute(query, [value])]


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """PostgreSQL copies a template only while nobody is connected to it."""
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
