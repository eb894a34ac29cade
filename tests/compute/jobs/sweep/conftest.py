"""An attempt in the middle of training."""

from typing import Any

import pytest


@pytest.fixture
def running(job: Any, fake: Any, sweep: Any) -> Any:
    """The job's attempt, whose training runs since the clock's present time."""
    sweep()
    attempt = job.attempts.get()
    fake.start(attempt.name)
    sweep()
    attempt.refresh_from_db()
    return attempt
