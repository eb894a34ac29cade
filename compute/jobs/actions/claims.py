"""Only one worker tends an attempt at a time, and what comes late is discarded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from compute.jobs.enums import ATTEMPT_OPEN, ATTEMPT_OVER
from compute.jobs.models import Attempt, Job
from institute.core.ids import new_ulid

CLAIM_TIME = timedelta(seconds=15)
FIRST_PAUSE_S = 1
LONGEST_PAUSE_S = 600


class Stale(Exception):
    """Another worker has taken the attempt over: what this one knows is out of date."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to tend one attempt until it runs out. Every call to a place is idempotent, so a claim
    that runs out in the middle of one does no harm."""

    attempt_id: int
    token: str


def due_attempts(now: datetime) -> QuerySet[Attempt]:
    """Attempts that somebody should look at now, longest waiting first."""
    is_placed = Q(status__in=ATTEMPT_OPEN, cluster__isnull=False)
    waits_in_vain = Q(job__stop_requested_at__isnull=False) | Q(job__gives_up_at__lte=now, job__started_at__isnull=True)
    is_unclean = Q(status__in=ATTEMPT_OVER, cleaned_at__isnull=True)
    is_work = is_placed | (Q(status__in=ATTEMPT_OPEN) & waits_in_vain) | is_unclean
    is_free = Q(lock_token="") | Q(lock_expires_at__lte=now)
    return Attempt.objects.filter(is_work & is_free, next_check_at__lte=now).order_by("next_check_at", "pk")


def claim_attempt(pk: int, now: datetime) -> Claim | None:
    """Take an attempt that is due; None if another worker was faster."""
    with transaction.atomic():
        free = due_attempts(now).filter(pk=pk).select_for_update(skip_locked=True).first()
        if free is None:
            return None
        claim = Claim(pk, new_ulid())
        Attempt.objects.filter(pk=pk).update(lock_token=claim.token, lock_expires_at=now + CLAIM_TIME)
    return claim


@contextmanager
def holding(claim: Claim) -> Iterator[tuple[Job, Attempt]]:
    """A transaction that holds the job, then the attempt. Raises Stale if the claim is another's by now."""
    with transaction.atomic():
        job_id = Attempt.objects.values_list("job_id", flat=True).get(pk=claim.attempt_id)
        job = Job.objects.select_for_update().get(pk=job_id)
        attempt = Attempt.objects.select_for_update().get(pk=claim.attempt_id)
        if attempt.lock_token != claim.token:
            raise Stale
        yield job, attempt


def release_claim(claim: Claim, *, next_check_at: datetime) -> None:
    """Give the attempt free, to be looked at again from `next_check_at`; does nothing under a lost claim."""
    Attempt.objects.filter(pk=claim.attempt_id, lock_token=claim.token).update(
        lock_token="", lock_expires_at=None, next_check_at=next_check_at, faults=0
    )


def postpone(claim: Claim, *, now: datetime) -> int:
    """After a fault: look again later, each time twice as late; the number of faults in a row."""
    attempt = Attempt.objects.filter(pk=claim.attempt_id, lock_token=claim.token).first()
    if attempt is None:
        return 0
    pause = min(FIRST_PAUSE_S * 2 ** min(attempt.faults, 20), LONGEST_PAUSE_S)
    Attempt.objects.filter(pk=attempt.pk, lock_token=claim.token).update(
        lock_token="",
        lock_expires_at=None,
        next_check_at=now + timedelta(seconds=pause),
        faults=attempt.faults + 1,
    )
    return attempt.faults + 1
