"""`make up`: what starts, what is refused, and that nothing outlives a stop."""

import http.client
import os
import signal
import stat
import sys
from pathlib import Path

import psycopg
import pytest

from deploy.data_folder import read_env
from deploy.embedded.postgres import APPLICATION, OWNER
from deploy.processes import wait_until
from tests.deploy.launched import shell

pytestmark = [pytest.mark.slow, pytest.mark.kill]
CREATE = (
    "from django.contrib.contenttypes.models import ContentType as C; C.objects.create(app_label='kept', model='x')"
)
COUNT = (
    "from django.contrib.contenttypes.models import ContentType as C; print(C.objects.filter(app_label='kept').count())"
)


def manage(data, python):
    return shell(data, f'"{sys.executable}" manage.py shell --verbosity 0 -c "{python}"').strip()


def status(port, path="/livez"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_second_start_keeps_data_and_addresses(start_platform):
    first = start_platform()
    manage(first.data, CREATE)
    addresses = read_env(first.data / "env")
    assert first.stop(signal.SIGINT) == 0
    assert first.pids() == {}

    second = start_platform(port=first.port)
    assert manage(second.data, COUNT) == "1"
    assert read_env(second.data / "env") == addresses
    assert second.stop(signal.SIGTERM) == 0
    assert second.pids() == {}


def test_a_running_platform_guards_its_folder_port_and_secrets(start_platform, tmp_path):
    running = start_platform()
    assert_only_the_caller_reads_secrets(running)

    same_folder = start_platform(wait=False)
    assert same_folder.exit_code() == 1
    assert same_folder.said() == (
        f"Another platform is running on {running.data}: stop it first, or choose another folder with data=DIR.\n"
    )

    same_port = start_platform(tmp_path / "other", port=running.port, wait=False)
    assert same_port.exit_code() == 1
    assert f"Port {running.port} is in use or not allowed; choose another with port=N.\n" in same_port.said()
    assert same_port.pids() == {}

    beside = start_platform(tmp_path / "beside")
    assert (status(running.port), status(beside.port)) == (200, 200)


def assert_only_the_caller_reads_secrets(platform):
    env = platform.data / "env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    names = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "PORT", "DATA"}
    assert names < read_env(env).keys()

    owner_password = psycopg.conninfo.conninfo_to_dict(read_env(env)["DATABASE_OWNER_URL"])["password"]
    children = platform.pids().keys() - {platform.process.pid}
    assert len(children) > 5
    assert [pid for pid in children if owner_password.encode() in _environment(pid)] == []


def _environment(pid):
    return Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.parametrize(
    ("part", "command", "sentence"),
    [
        ("web", "-m gunicorn", "The web server "),
        ("postgres", "/postgres -D ", "PostgreSQL "),
    ],
)
def test_when_one_process_dies_everything_stops(start_platform, part, command, sentence):
    platform = start_platform()
    victim = min(pid for pid, line in platform.pids().items() if command in line)
    os.kill(victim, signal.SIGKILL)
    assert platform.exit_code() == 1
    assert f"{sentence}was killed by SIGKILL, so everything else was stopped." in platform.said()
    assert f"{platform.data}/logs/{part}.log" in platform.said()
    assert wait_until(lambda: platform.pids() == {}, seconds=10), platform.pids()


def test_the_next_start_clears_what_a_killed_platform_left(start_platform):
    killed = start_platform()
    manage(killed.data, CREATE)
    killed.process.kill()
    killed.process.wait()
    assert status(killed.port) == 200

    after = start_platform(port=killed.port)
    assert "Ended what a killed platform had left:" in after.said()
    assert killed.pids() == {}
    assert manage(after.data, COUNT) == "1"
    assert after.stop() == 0


def test_a_stop_during_the_start_leaves_nothing(start_platform, tmp_path):
    platform = start_platform(wait=False)
    assert wait_until(lambda: (tmp_path / "data" / "logs" / "postgres.log").exists(), seconds=30)
    assert platform.stop() == 0
    assert platform.pids() == {}


def test_named_servers_are_used_instead_of_embedded_ones(start_platform, test_run):
    env = {
        "DATABASE_URL": test_run.postgres.url(APPLICATION, "elsewhere"),
        "DATABASE_OWNER_URL": test_run.postgres.url(OWNER, "elsewhere"),
        "REDIS_URL": test_run.redis.url(60),
    }
    with psycopg.connect(test_run.postgres.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE elsewhere TEMPLATE template0 OWNER {OWNER}")
    platform = start_platform(env=env)
    assert not [line for line in platform.pids().values() if "/postgres -D" in line or "redis-server" in line]
    assert env.items() <= read_env(platform.data / "env").items()
    assert manage(platform.data, COUNT) == "0"
    assert platform.stop() == 0
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)


def test_a_refusal_is_one_sentence(start_platform, tmp_path):
    (tmp_path / "file").write_text("")
    platform = start_platform(tmp_path / "file" / "data", wait=False)
    assert platform.exit_code() == 1
    assert platform.said() == f"The data folder {tmp_path}/file/data cannot be used: Not a directory.\n"
