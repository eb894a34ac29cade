"""Jobs on a running platform: real web, worker, beat, wrapper and training."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.utils import timezone

from compute.jobs.backends.local import stop_all
from compute.jobs.enums import ATTEMPT_OVER, JOB_OVER
from compute.jobs.models import Attempt, Job
from compute.jobs.queries import verify_hours
from deploy.embedded.postgres import OWNER

RECIPES = {"HEADWATERS_EXTRA_RECIPES": "tests.compute.recipes.stdlib_runner"}
CELL_S = 5
PATIENCE_S = 90


@contextmanager
def cells_of(test_run: Any, database: str, seconds: int) -> Iterator[None]:
    """Metering in cells of this length while the block lasts."""
    _set_cells(test_run, database, seconds)
    try:
        yield
    finally:
        _set_cells(test_run, database, 300)


def _set_cells(test_run: Any, database: str, seconds: int) -> None:
    statement = (
        "CREATE OR REPLACE FUNCTION jobs_cell_seconds() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE"
        f" RETURN {int(seconds)}"
    )
    with psycopg.connect(test_run.postgres.url(OWNER, database)) as connection:
        connection.execute(statement)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Return once the condition holds; fail with `what` if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s: {picture()}"
        time.sleep(0.1)


def picture() -> list[str]:
    """How every attempt stands, for a test that failed."""
    attempts = Attempt.objects.select_related("job").order_by("pk")
    return [f"{a.name} job={a.job.status} {a.status} {a.reason} {a.failure_class} {a.text[-300:]}" for a in attempts]


def is_over(job: Job) -> bool:
    """The job ended and its last attempt is tidied up."""
    job.refresh_from_db()
    return job.status in JOB_OVER and not job.attempts.filter(cleaned_at__isnull=True).exists()


def wait_for_end(job: Job, seconds: float = PATIENCE_S) -> Job:
    """The job once it is over."""
    wait_until(lambda: is_over(job), f"the end of {job.name}", seconds)
    return job


def is_running(job: Job) -> bool:
    """Its training was seen to run."""
    return job.attempts.filter(status="running").exists()


def has_checkpoint(job: Job) -> bool:
    """A checkpoint of it is durable."""
    return job.checkpoints.filter(kind="checkpoint").exists()


def end_all_jobs(data: Path) -> None:
    """No test leaves a process behind."""
    stop_all(data / "jobs", 0.0)


def assert_hours_hold() -> None:
    """The proof finds nothing, and slices = CAPTURE lines = stretches of use, attempt by attempt."""
    from compute.jobs.actions.observations import spans_of  # an action's own view of the segments

    findings = verify_hours(timezone.now())
    assert findings == []
    for attempt in Attempt.objects.filter(status__in=ATTEMPT_OVER).select_related("job"):
        used = sum(span.end - span.start for span in spans_of(attempt)) * attempt.job.accelerators
        assert used == sum(attempt.slices.values_list("accelerator_seconds", flat=True)), attempt.name
        assert attempt.segments.count() <= 1, "one wrapper, one stretch"
