"""The proof that what attempts used is what the ledger says; both sides are seen only from here."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet, Sum

from compute.allocations.enums import AccountKind
from compute.allocations.models import HoursLine
from compute.allocations.queries import Finding, captured_of_attempts, proof
from compute.jobs.enums import ATTEMPT_OPEN, ATTEMPT_OVER, JOB_OVER
from compute.jobs.models import Attempt, Job

Row = TypeVar("Row", bound=Model)
BATCH = 500
LATE = timedelta(minutes=15)


def verify_hours(now: datetime) -> list[Finding]:
    """Every break: of the ledger itself, and between slices, captures, holds and what was observed."""
    return [*proof(now), *_captures(), *_holds(), *_late(now)]


def _captures() -> Iterator[Finding]:
    """Slices equal CAPTURE lines, attempt by attempt."""
    attempts = Attempt.objects.annotate(sliced=Sum("slices__accelerator_seconds")).order_by("pk")
    for batch in _batches(attempts.only("public_id", "name")):
        captured = captured_of_attempts([attempt.public_id for attempt in batch])
        for attempt in batch:
            sliced, posted = attempt.sliced or 0, captured.get(attempt.public_id, 0)  # type: ignore[attr-defined]
            if sliced != posted:
                yield Finding("slices_equal_captures", attempt.name, f"slices {sliced}, captured {posted}")


def _batches(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows.iterator(chunk_size=BATCH):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _holds() -> Iterator[Finding]:
    """Nothing is held for a job that is over."""
    over = Job.objects.filter(status__in=JOB_OVER).order_by("pk")
    for batch in _batches(over.only("public_id")):
        lines = HoursLine.objects.filter(
            account__kind=AccountKind.HELD, transaction__subject__in=[job.public_id for job in batch]
        )
        sums = lines.order_by().values_list("transaction__subject").annotate(held=Sum("quantity"))
        for public_id, held in sums.exclude(held=0).order_by("transaction__subject"):
            yield Finding("held_after_end", public_id, f"holds {held}")


def _late(now: datetime) -> Iterator[Finding]:
    """A running attempt has a slice of the last quarter of an hour; an open one has no end."""
    running = Attempt.objects.filter(status__in=ATTEMPT_OPEN, bound_at__lt=now - LATE, is_unknown=False)
    for attempt in running.exclude(slices__ends_at__gte=now - LATE).order_by("pk"):
        yield Finding("slice_missing", attempt.name, f"bound at {attempt.bound_at}, no slice since {now - LATE}")
    for attempt in Attempt.objects.filter(status__in=ATTEMPT_OVER, segments__ends_at__isnull=True).order_by("pk"):
        if attempt.segments.filter(ends_at__isnull=True, starts_at__isnull=False).exists():
            yield Finding("segment_open", attempt.name, "the attempt is over, a stretch of its use is not")
