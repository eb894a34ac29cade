"""Questions about what attempts used."""

from django.db import connection
from django.db.models import Sum

from compute.jobs.models import Attempt, Job


def cell_seconds() -> int:
    """The length of a metering cell, from the one SQL function that the CHECKs use too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT jobs_cell_seconds()")
        return int(cursor.fetchone()[0])


def sliced_of_attempt(attempt: Attempt) -> int:
    """Accelerator-seconds in the slices of an attempt."""
    return attempt.slices.aggregate(total=Sum("accelerator_seconds"))["total"] or 0


def sliced_of_job(job: Job) -> int:
    """Accelerator-seconds in the slices of all attempts of a job."""
    total: int | None = job.attempts.aggregate(total=Sum("slices__accelerator_seconds"))["total"]
    return total or 0
