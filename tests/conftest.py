"""The test run's servers and databases; what the fixtures promise stands in CONTRIBUTING.md."""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import hypothesis
import psycopg
import pytest
import redis
from django.conf import settings
from django.test import TransactionTestCase
from django.utils import translation

from deploy.embedded.ports import free_port
from deploy.embedded.postgres import APPLICATION, OWNER, SUPERUSER
from tests.servers import database
from tests.servers.run import VARIABLE, TestRun, join_run, start_run

pytest_plugins = ["tests.servers.platform", "tests.servers.browser"]

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
DATABASE_NAME = f"test_{WORKER or 'main'}"
REDIS_DATABASE = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0
RUN = pytest.StashKey[TestRun]()

hypothesis.settings.register_profile("test", derandomize=True, deadline=None, max_examples=30, stateful_step_count=30)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=2_000, stateful_step_count=100)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start or join the servers before pytest-django reads the settings, which name them.

    That is why DJANGO_SETTINGS_MODULE is set here and not in pyproject.toml: read from there, the settings
    load before any conftest. A shell's own DATABASE_URL never reaches a test.
    """
    if settings.configured:
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the tests bring their own settings and servers.")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # children of `make test &` would ignore it like us
    if not WORKER:
        os.environ.pop(VARIABLE, None)
        signal.signal(signal.SIGTERM, _interrupt)
    run = join_run() if WORKER else start_run()
    config.stash[RUN] = run
    for name in ("DATABASE_OWNER_URL", "PLATFORM_URL", "ALLOWED_HOSTS", "DEBUG"):
        os.environ.pop(name, None)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="institute.settings",
        DATABASE_URL=run.postgres.url(APPLICATION, DATABASE_NAME),
        REDIS_URL=run.redis.url(REDIS_DATABASE),
        SECRET_KEY="tests",
        PORT="8000",
        DATA=str(run.folder / f"data-{WORKER or 'main'}"),
        STORAGE_URL=f"file://{run.folder}/data-{WORKER or 'main'}/storage",
    )
    # whitenoise warns about a missing folder; tests find files where they lie in the source
    (run.folder / f"data-{WORKER or 'main'}" / "static").mkdir(parents=True, exist_ok=True)
    assert settings.DATABASES  # reading one loads them; pytest-django, whose turn is next, sets Django up
    del os.environ["DJANGO_SETTINGS_MODULE"]  # or the xdist workers would load them before they reach this line


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers first of all, undisturbed by a second request to end."""
    if not WORKER and RUN in config.stash:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        config.stash[RUN].stop()


def _interrupt(_number: int, _frame: object) -> None:
    """`timeout` and CI end us by SIGTERM: leave through pytest, which stops the servers."""
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def test_run(pytestconfig: pytest.Config) -> TestRun:
    """The servers of this run."""
    return pytestconfig.stash[RUN]


@pytest.fixture(scope="session")
def django_db_setup(test_run: TestRun) -> Iterator[None]:
    """This process's copy of the migrated template, in place of Django's own test database."""
    database.create_copy(test_run, DATABASE_NAME)

    def bring_back_migrated_state(_case: TransactionTestCase) -> None:
        database.empty(test_run, DATABASE_NAME)

    # Django's flush truncates as the application's role, which may not, and cannot pass append-only triggers.
    TransactionTestCase._fixture_teardown = bring_back_migrated_state  # type: ignore[method-assign]
    yield
    if "django.db" in sys.modules:
        _close_pools()


def _close_pools() -> None:
    from django.db import connections  # settings exist only after pytest_configure

    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """A page under /fr/ leaves its language active in the thread; no later test reads or reverses in French."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def fresh_redis(request: pytest.FixtureRequest) -> None:
    """No cached value or queued message from an earlier test reaches one that uses the database."""
    if request.node.get_closest_marker("django_db") or {"db", "transactional_db"} & set(request.fixturenames):
        client = redis.Redis.from_url(os.environ["REDIS_URL"])
        client.flushdb()
        client.close()


def _connection(run: TestRun, role: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(run.postgres.url(role, DATABASE_NAME)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner_connection(test_run: TestRun, transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """The role that migrates and owns every table; what the test does not commit is rolled back."""
    yield from _connection(test_run, OWNER)


@pytest.fixture
def application_connection(test_run: TestRun, transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """The application's role without the ORM, for the rules that the database itself must hold."""
    yield from _connection(test_run, APPLICATION)


@pytest.fixture
def superuser_connection(test_run: TestRun, transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """The superuser, for tests that forge rows no role of ours could write."""
    yield from _connection(test_run, SUPERUSER)


@pytest.fixture
def unused_port() -> int:
    """A port below 32768 that nothing listens on."""
    return free_port()
