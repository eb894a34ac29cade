"""The proof that what attempts used is what the ledger says; both sides are seen only from here."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

from compute.allocations.queries import Finding, captured_of_attempts, held_of_job, proof
from compute.jobs.enums import ATTEMPT_OPEN, ATTEMPT_OVER, JOB_OVER
from compute.jobs.models import Attempt, Job

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


def _batches(attempts: QuerySet[Attempt]) -> Iterator[list[Attempt]]:
    batch: list[Attempt] = []
    for attempt in attempts.iterator(chunk_size=BATCH):
        batch.append(attempt)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _holds() -> Iterator[Finding]:
    """Nothing is held for a job that is over."""
    for public_id in Job.objects.filter(status__in=JOB_OVER).order_by("pk").values_list("public_id", flat=True):
        held = held_of_job(public_id)
        if held:
            yield Finding("held_after_end", public_id, f"holds {held}")


def _late(now: datetime) -> Iterator[Finding]:
    """A running attempt has a slice of the last quarter of an hour; an open one has no end."""
    running = Attempt.objects.filter(status__in=ATTEMPT_OPEN, bound_at__lt=now - LATE, is_unknown=False)
    for attempt in running.exclude(slices__ends_at__gte=now - LATE).order_by("pk"):
        yield Finding("slice_missing", attempt.name, f"bound at {attempt.bound_at}, no slice since {now - LATE}")
    for attempt in Attempt.objects.filter(status__in=ATTEMPT_OVER, segments__ends_at__isnull=True).order_by("pk"):
        if attempt.segments.filter(ends_at__isnull=True, starts_at__isnull=False).exists():
            yield Finding("segment_open", attempt.name, "the attempt is over, a stretch of its use is not")
