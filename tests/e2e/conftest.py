"""One running platform for each module here, with the demo's people, donors, pledges and projects."""

import os
from collections.abc import Iterator

import pytest
import redis
from playwright.sync_api import Browser
from pytest_django.plugin import DjangoDbBlocker

from tests.servers import database
from tests.servers.run import TestRun

# Training for pictures takes minutes: only `PICTURES=1 pytest tests/e2e/test_pictures.py` does it.
collect_ignore = [] if os.environ.get("PICTURES") else ["test_pictures.py"]


@pytest.fixture(scope="module")
def institute(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    test_run: TestRun,
    tmp_path_factory: pytest.TempPathFactory,
    browser: Browser,
) -> Iterator[object]:
    """An `Institute`: the platform at work, with everything that the demo's chain begins with."""
    # Models load only after the settings, which the run's servers precede.
    from tests.compute.jobs.live import end_all_jobs
    from tests.conftest import DATABASE_NAME
    from tests.e2e.institute import opened

    folder = tmp_path_factory.mktemp("platform")
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    client.flushdb()
    client.close()
    with django_db_blocker.unblock():
        try:
            with opened(folder, browser) as institute:
                yield institute
        finally:
            end_all_jobs(folder / "data")
            database.empty(test_run, DATABASE_NAME)
