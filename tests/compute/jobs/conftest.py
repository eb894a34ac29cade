"""Fixtures of the jobs tests. What needs Django is imported by the fixtures: conftests load before the settings."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def clock() -> Any:
    """Noon of a Monday, until the test moves it."""
    from tests.compute.jobs.world import Clock  # needs the settings

    return Clock()


@pytest.fixture
def fake(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The backend of every cluster in the test."""
    from compute.jobs.actions import dispatch  # needs the settings
    from compute.jobs.backends.fake import FakeBackend  # kept with its sibling

    backend = FakeBackend(clock)
    monkeypatch.setitem(dispatch.FACTORIES, "local", lambda: backend)
    return backend


@pytest.fixture
def sweep(clock: Any, fake: Any) -> Callable[[], Any]:
    """A sweep at the test's time; no attempt may be in trouble."""
    from compute.jobs.actions import sweep_jobs  # needs the settings

    def run() -> Any:
        swept = sweep_jobs(now=clock.now)
        assert swept.failed == 0
        return swept

    return run


@pytest.fixture
def job(clock: Any) -> Any:
    """A job that waits."""
    from tests.factories.jobs import submitted_job  # needs the settings

    return submitted_job(now=clock.now)


@pytest.fixture
def shelf() -> Any:
    """What the test's catalogue holds."""
    from tests.compute.jobs.world import SHELF  # needs the settings

    return SHELF


@pytest.fixture(autouse=True)
def ports_filled(settings: Any) -> Iterator[None]:
    """Jobs in these tests know neither tracker nor catalogue."""
    from institute.core import ports  # needs the settings
    from tests.compute.jobs.world import SHELF  # needs the settings

    here = "tests.compute.jobs.world"
    filled = {
        "core.chain": f"{here}.no_chain",
        "jobs.environment": f"{here}.tracker_variables",
        "jobs.inputs": f"{here}.SHELF",
    }
    settings.PORTS = {**settings.PORTS, **filled}
    settings.PANELS = {}
    ports.filler.cache_clear()
    yield
    ports.filler.cache_clear()
    SHELF.stored.clear()
