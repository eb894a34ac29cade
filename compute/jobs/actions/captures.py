from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from compute.allocations.actions.captures import CaptureResult, capture_hours
from compute.allocations.enums import HoursKind
from compute.allocations.models import HoursTransaction
from compute.jobs.actions.observations import spans_of
from compute.jobs.enums import Evidence
from compute.jobs.events import HoursFirstUsed
from compute.jobs.models import Attempt, UsageSlice
from compute.jobs.queries.metering import cell_seconds
from compute.jobs.rules.metering import Cell, cells
from grants.funding.models import Pledge
from institute.core import faults, live
from institute.core.actors import Actor
from institute.core.outbox import publish

CAPTURE_LOCK = 0x436170  # "Cap": captures of one attempt queue up here, before any account is locked


def capture_due(*, attempt: Attempt, is_over: bool, by: Actor) -> int:
    """Charge every cell that is over, or all that is left once the attempt is; the number of new slices.

    One transaction: each slice with its CAPTURE, exactly once however many workers try. Locks the hours
    accounts; so no row of `jobs` may be locked before.
    """
    with transaction.atomic():
        _alone_with(attempt)
        job = attempt.job
        due = cells(spans_of(attempt), cell_seconds=cell_seconds(), is_over=is_over)
        known = set(attempt.slices.values_list("slice_no", flat=True))
        new = [cell for cell in due if cell.slice_no not in known]
        paid: set[int] = set()
        for cell in new:
            result = capture_hours(
                job_id=job.public_id,
                attempt_id=attempt.public_id,
                slice_no=cell.slice_no,
                quantity=job.accelerators * cell.seconds,
                happened_at=cell.starts_at,
                by=by,
            )
            faults.point("after-capture-posted")
            _record(attempt, cell, result, is_over, by)
            faults.point("after-capture-insert")
            paid |= {part.pledge_id for part in result.parts}
        if new:
            _tell_first_use(attempt, paid, new[0].starts_at, is_first=not known, by=by)
            live.hint(job.public_id, "usage")
    return len(new)


def _alone_with(attempt: Attempt) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [CAPTURE_LOCK, attempt.pk % 2**31])


def _record(attempt: Attempt, cell: Cell, result: CaptureResult, is_over: bool, by: Actor) -> None:
    UsageSlice.objects.create(
        attempt=attempt,
        slice_no=cell.slice_no,
        starts_at=cell.starts_at,
        ends_at=cell.ends_at,
        idle_seconds=cell.idle_seconds,
        accelerators=attempt.job.accelerators,
        accelerator_seconds=attempt.job.accelerators * cell.seconds,
        overrun_seconds=result.overrun_seconds,
        evidence=Evidence.REPORTED if is_over else Evidence.OBSERVED,
        created_by=str(by),
    )


def _tell_first_use(
    attempt: Attempt, paid: Iterable[int], first_used_at: datetime, *, is_first: bool, by: Actor
) -> None:
    """A pledge's first seconds for an attempt open its clauses' obligations; a receiver does it, because
    pledges come before hours in the order of locks."""
    if not is_first:
        captures = HoursTransaction.objects.filter(attempt=attempt.public_id, kind=HoursKind.CAPTURE)
        before = captures.filter(happened_at__lt=first_used_at)
        paid = set(paid) - set(before.values_list("pledge_id", flat=True))
    for pledge in Pledge.objects.filter(pk__in=paid).order_by("pk"):
        event = HoursFirstUsed(
            job_id=attempt.job.public_id,
            attempt_id=attempt.public_id,
            project_id=attempt.job.project.public_id,
            pledge_id=pledge.public_id,
            first_used_at=first_used_at.isoformat(),
        )
        publish(event, subject=pledge.public_id, by=by)
