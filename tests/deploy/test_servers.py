"""Which servers a data folder uses, and what its env file keeps."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from deploy.data_folder import open_data_folder, read_env
from deploy.errors import StartRefused
from deploy.servers import MARK, named_by_caller, start_servers

DATABASE = {"DATABASE_URL": "postgresql://a@db/x", "DATABASE_OWNER_URL": "postgresql://o@db/x"}
REDIS = {"REDIS_URL": "redis://cache/0"}
OTHERS = {"STORAGE_URL": "s3://bucket", "SECRET_KEY": "secret"}


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    for name in [*DATABASE, *REDIS, *OTHERS, MARK]:
        monkeypatch.delenv(name, raising=False)


@contextmanager
def served(path) -> Iterator[dict[str, str]]:
    """The env of a folder whose servers run."""
    folder, children = open_data_folder(path), []
    try:
        folder.remember(start_servers(folder, children.append))
        yield read_env(folder.env_file)
    finally:
        for child in reversed(children):
            child.stop()
        folder.lock.close()


def execute(url, statement):
    with psycopg.connect(url) as connection:
        return connection.execute(statement)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, {}),
        (DATABASE, DATABASE),
        (REDIS | OTHERS, REDIS | OTHERS),
        (DATABASE | REDIS | OTHERS | {MARK: "postgres redis"}, {}),
        (DATABASE | REDIS | OTHERS | {MARK: "redis"}, DATABASE),
        (DATABASE | REDIS | OTHERS | {MARK: "postgres"}, REDIS),
        (DATABASE | REDIS | OTHERS | {MARK: ""}, DATABASE | REDIS),
        (REDIS | {"REDIS_URL": ""}, {}),
    ],
)
def test_a_loaded_env_file_is_no_wish_for_its_embedded_servers(environment, named):
    assert named_by_caller(environment) == named


@pytest.mark.parametrize("name", DATABASE)
def test_one_database_address_without_the_other_is_refused(name):
    missing = next(other for other in DATABASE if other != name)
    with pytest.raises(StartRefused, match=f"Set {missing} too:"):
        named_by_caller({name: DATABASE[name]})


def test_a_second_start_finds_the_same_addresses_and_rows(tmp_path):
    with served(tmp_path / "data") as first:
        execute(first["DATABASE_OWNER_URL"], "CREATE TABLE t AS SELECT 7 AS n")
    with served(tmp_path / "data") as second:
        assert second == first
        with psycopg.connect(second["DATABASE_OWNER_URL"]) as connection:
            assert connection.execute("SELECT n FROM t").fetchall() == [(7,)]


def test_two_folders_share_no_secret_and_no_port(tmp_path):
    with served(tmp_path / "one") as one, served(tmp_path / "two") as two:
        assert {name for name in one if one[name] == two[name]} == {MARK}


def test_a_lost_env_file_gives_new_passwords_to_the_old_rows(tmp_path):
    with served(tmp_path / "data") as first:
        execute(first["DATABASE_OWNER_URL"], "CREATE TABLE t AS SELECT 7 AS n")
    (tmp_path / "data" / "env").unlink()
    with served(tmp_path / "data") as second, psycopg.connect(second["DATABASE_OWNER_URL"]) as connection:
        assert second["DATABASE_URL"] != first["DATABASE_URL"]
        assert connection.execute("SELECT n FROM t").fetchall() == [(7,)]


def test_a_data_folder_may_move(tmp_path):
    with served(tmp_path / "data") as first:
        execute(first["DATABASE_OWNER_URL"], "CREATE TABLE t AS SELECT 7 AS n")
    shutil.move(tmp_path / "data", tmp_path / "moved")
    with served(tmp_path / "moved") as second, psycopg.connect(second["DATABASE_OWNER_URL"]) as connection:
        assert second["STORAGE_URL"] == f"file://{tmp_path}/moved/storage"
        assert connection.execute("SELECT n FROM t").fetchall() == [(7,)]


def test_named_servers_replace_embedded_ones_and_come_back_as_they_were(tmp_path, monkeypatch):
    with served(tmp_path / "data") as embedded:
        pass
    with monkeypatch.context() as named:
        for name, value in (DATABASE | REDIS).items():
            named.setenv(name, value)
        with served(tmp_path / "data") as external:
            assert (DATABASE | REDIS | {MARK: ""}).items() <= external.items()
            assert external["SECRET_KEY"] == embedded["SECRET_KEY"]
    with served(tmp_path / "data") as again:
        assert again[MARK] == "postgres redis"


def test_an_env_file_is_private_and_says_any_value_to_a_shell(tmp_path):
    folder = open_data_folder(tmp_path / "data")
    values = {"PLAIN": "x", "SPACES": "a b", "QUOTES": 'it\'s "so"', "DOLLAR": "$HOME # no comment"}
    folder.remember(values)
    assert read_env(folder.env_file) == values
    assert stat.S_IMODE(folder.env_file.stat().st_mode) == 0o600
    folder.lock.close()


def test_a_folder_serves_one_platform_at_a_time(tmp_path):
    first = open_data_folder(tmp_path / "data")
    with pytest.raises(StartRefused, match=f"Another platform is running on {tmp_path}/data: stop it first"):
        open_data_folder(tmp_path / "data")
    first.lock.close()
    open_data_folder(tmp_path / "data").lock.close()
