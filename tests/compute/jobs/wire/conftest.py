"""A supervisor whose attempt a place has just created."""

from typing import Any

import pytest


@pytest.fixture
def clock(clock: Any) -> Any:
    """The API reads the real clock."""
    from django.utils import timezone  # conftests load before the settings

    clock.now = timezone.now()
    return clock


@pytest.fixture
def supervisor(job: Any, fake: Any, sweep: Any) -> Any:
    """Speaks for the job's attempt, with the token that it was given."""
    from tests.compute.jobs.wire.supervisor import Supervisor  # needs the settings

    sweep()
    attempt = job.attempts.get()
    return Supervisor(attempt, fake.attempts[attempt.name].spec.secrets["HEADWATERS_JOB_TOKEN"])
