"""An attempt is over: its last slices, what is refunded, and what follows for the job, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from compute.allocations.actions.holds import release_hours
from compute.allocations.actions.refunds import loss_and_refund
from compute.allocations.queries import parts_of_job
from compute.capacity.models import Supply
from compute.jobs.actions.captures import capture_due
from compute.jobs.actions.claims import Claim, holding
from compute.jobs.actions.leases import release_leases
from compute.jobs.actions.observations import advance_held, spans_of
from compute.jobs.enums import AttemptStatus, FailureClass, JobStatus
from compute.jobs.events import AttemptEnded, JobEnded
from compute.jobs.models import Attempt, Job
from compute.jobs.queries.metering import sliced_of_attempt
from compute.jobs.rules.metering import refund_claim, second_at_or_before
from compute.jobs.rules.reconcile import End
from compute.jobs.rules.retries import AUTOMATIC_REFUND, Again, Finish, Past, after_failure
from grants.funding.enums import ServiceClass
from institute.core import audit, faults, live
from institute.core.actors import SYSTEM_SWEEP
from institute.core.outbox import publish
from institute.core.states import record_change, transition
from institute.people.actions.tokens import revoke_job_tokens

RELEASE_AT_END = 0


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a place said of how the attempt ended."""

    exit_code: int | None = None
    text: str = ""


def end_attempt(claim: Claim, end: End, words: LastWords, *, now: datetime) -> Finish | Again:
    """Close an attempt in one transaction: slices, refund, status, and the job's end or its next attempt.

    Locks in the order of the house: hours accounts, then job, then attempt. Raises Stale.
    """
    with transaction.atomic():
        attempt = Attempt.objects.select_related("job__project").get(pk=claim.attempt_id)
        revoke_job_tokens(job_id=attempt.job.public_id, by=SYSTEM_SWEEP, reason=f"{attempt.name} ended")
        capture_due(attempt=attempt, is_over=True, by=SYSTEM_SWEEP)
        owed = _refund(attempt, end, now)
        after = follows(attempt, end, now)
        if isinstance(after, Finish):
            release_hours(job_id=attempt.job.public_id, n=RELEASE_AT_END, by=SYSTEM_SWEEP, now=now)
        faults.point("after-release")
        with holding(claim) as (job, attempt):
            _close(job, attempt, end, words, owed=owed, now=now)
            if isinstance(after, Finish):
                _finish(job, after, now=now)
            else:
                _plan_next(job, attempt, after, now=now)
        faults.point("before-end-commit")
    return after


def follows(attempt: Attempt, end: End, now: datetime) -> Finish | Again:
    """What the end of this attempt means for its job."""
    if end.failure is None:
        if end.status is AttemptStatus.SUCCEEDED:
            return Finish(JobStatus.SUCCEEDED, "")
        return Finish(JobStatus.CANCELLED, end.reason)
    job = attempt.job
    earlier = job.attempts.exclude(pk=attempt.pk).exclude(failure_class="").order_by("number")
    past = [Past(FailureClass(each.failure_class), each.ended_at or now) for each in earlier]
    return after_failure(
        [*past, Past(end.failure, now)],
        is_stop_wanted=job.stop_requested_at is not None,
        retries=int(job.inputs.get("retries") or 0),
    )


def _refund(attempt: Attempt, end: End, now: datetime) -> int:
    """Book what an infrastructure failure took; the accelerator-seconds that could not be given back."""
    spans = spans_of(attempt)
    if not spans or end.failure is None or not _is_refunded(attempt, end.failure):
        return 0
    durable = attempt.last_checkpoint_at
    claim = refund_claim(
        accelerators=attempt.job.accelerators,
        released=spans[-1].end,
        durable=second_at_or_before(durable) if durable else None,
        bound=spans[0].start,
        captured=sliced_of_attempt(attempt),
    )
    if claim == 0:
        return 0
    newest = attempt.leases.order_by("-fence").first()
    result = loss_and_refund(
        attempt_id=attempt.public_id, fence=newest.fence if newest else 0, quantity=claim, by=SYSTEM_SWEEP, now=now
    )
    return result.owed_seconds


def _is_refunded(attempt: Attempt, failure: FailureClass) -> bool:
    """A preemption is the giver's doing only where the giver may preempt."""
    if failure is not FailureClass.PREEMPTED:
        return failure in AUTOMATIC_REFUND
    paid: Sequence[int] = [part.pledge_id for part in parts_of_job(attempt.job.public_id)]
    supplies = Supply.objects.filter(pledge_id__in=paid).values_list("service_class", flat=True)
    return bool(paid) and set(supplies) == {ServiceClass.PREEMPTIBLE.value}


def _close(job: Job, attempt: Attempt, end: End, words: LastWords, *, owed: int, now: datetime) -> None:
    spans = spans_of(attempt)
    has_run = attempt.segments.filter(starts_at__isnull=False).exists()
    if has_run and attempt.status != AttemptStatus.RUNNING:
        advance_held(job, attempt, AttemptStatus.RUNNING, now=now)  # it ran, although nobody saw it run
    fields = {
        "reason": end.reason[:64],
        "text": words.text.replace("\x00", "�"),
        "exit_code": words.exit_code,
        "failure_class": end.failure or "",
        "is_unknown": False,
        "bound_at": spans[0].starts_at if spans else None,
        "released_at": spans[-1].ends_at if spans else None,
        "ended_at": now,
        "refund_owed": owed,
    }
    transition(attempt, end.status, by=SYSTEM_SWEEP, reason=end.failure or end.reason, now=now, fields=fields)
    release_leases(attempt, now)
    details = {"failure_class": end.failure or "", "exit_code": words.exit_code, "refund_owed": owed}
    audit.record(by=SYSTEM_SWEEP, action="attempt.end", subject=attempt, details=details)
    event = AttemptEnded(job.public_id, attempt.public_id, end.failure or "", words.exit_code)
    publish(event, subject=job.public_id, by=SYSTEM_SWEEP)
    live.hint(job.public_id, "status")


def _finish(job: Job, after: Finish, *, now: datetime) -> None:
    transition(
        job,
        after.status,
        by=SYSTEM_SWEEP,
        reason=after.reason,
        now=now,
        fields={"reason": after.reason, "ended_at": now},
    )
    publish(JobEnded(job.public_id, after.status.value), subject=job.public_id, by=SYSTEM_SWEEP)


def _plan_next(job: Job, attempt: Attempt, after: Again, *, now: datetime) -> None:
    if job.status == JobStatus.RUNNING:
        transition(
            job, JobStatus.WAITING, by=SYSTEM_SWEEP, reason=after.reason, now=now, fields={"reason": after.reason}
        )
    plan_attempt(job, attempt.number + 1, next_check_at=now + after.pause, now=now)


def plan_attempt(job: Job, number: int, *, next_check_at: datetime, now: datetime) -> Attempt:
    """Write the job's next attempt, which waits for a place."""
    attempt = Attempt.objects.create(
        job=job,
        number=number,
        name=f"tj-{job.public_id.lower()}-{number}",
        next_check_at=next_check_at,
        created_at=now,
        created_by=str(SYSTEM_SWEEP),
    )
    record_change(attempt, from_status="", to_status=attempt.status, by=SYSTEM_SWEEP, now=now)
    return attempt
