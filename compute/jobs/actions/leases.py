from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from compute.jobs.enums import AttemptStatus, CheckpointKind, LeaseState
from compute.jobs.models import Attempt, AttemptLease, Job, JobCheckpoint
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict

LEASE_TIME = timedelta(minutes=15)
RENEW_AFTER_S = 30
EPOCH_BITS = 32


class LeaseLost(Conflict):
    """The attempt is over, or another holds its lease: whoever hears this stops without committing."""

    slug = "lease-lost"


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """What a holder learns at each renewal."""

    fence: int
    expires_at: datetime
    resume: JobCheckpoint | None
    checkpoint_by: datetime | None
    is_stop_wanted: bool


def grant_lease(*, attempt: Attempt, holder: str, state: LeaseState, now: datetime, by: Actor) -> LeaseAnswer:
    """Give or renew the right to train and commit for the attempt's job.

    The same holder keeps its fence. Another one gets the next fence, and only once the present lease has
    run out or was released. Raises LeaseLost if the attempt is over or another holds the lease.
    """
    with transaction.atomic():
        job, attempt = lock(attempt)
        if attempt.is_over or (attempt.status == AttemptStatus.PLANNED and attempt.cluster_id is None):
            raise lost()
        newest = job.leases.order_by("-fence").first()
        if newest is not None and newest.attempt_id == attempt.pk and newest.holder == holder:
            newest.expires_at, newest.state = now + LEASE_TIME, state
            newest.save(update_fields=["expires_at", "state"])
            return _answer(job, newest)
        if newest is not None and newest.released_at is None and newest.expires_at > now:
            raise lost()
        job.fence_counter += 1
        job.save(update_fields=["fence_counter"])
        lease = AttemptLease.objects.create(
            job=job,
            attempt=attempt,
            fence=(attempt.epoch << EPOCH_BITS) + job.fence_counter,
            holder=holder,
            state=state,
            expires_at=now + LEASE_TIME,
            created_by=str(by),
        )
        audit.record(by=by, action="lease.grant", subject=attempt, details={"fence": lease.fence, "holder": holder})
        return _answer(job, lease)


def _answer(job: Job, lease: AttemptLease) -> LeaseAnswer:
    return LeaseAnswer(
        fence=lease.fence,
        expires_at=lease.expires_at,
        resume=last_checkpoint(job),
        checkpoint_by=lease.checkpoint_by,
        is_stop_wanted=job.stop_requested_at is not None,
    )


def last_checkpoint(job: Job) -> JobCheckpoint | None:
    """The manifest from which the job's next attempt goes on."""
    return job.checkpoints.filter(kind=CheckpointKind.CHECKPOINT).order_by("-fence", "-step").first()


def lock(attempt: Attempt) -> tuple[Job, Attempt]:
    """The job, locked, and the attempt as it is under that lock: whatever changes either takes the job first."""
    job = Job.objects.select_for_update().get(pk=attempt.job_id)
    return job, Attempt.objects.get(pk=attempt.pk)


def require_fence(job: Job, attempt: Attempt, fence: int, now: datetime) -> None:
    """Raise LeaseLost unless `fence` is the job's newest, of this attempt, and its lease is in force."""
    newest = job.leases.order_by("-fence").first()
    if newest is None or newest.fence != fence or newest.attempt_id != attempt.pk:
        raise lost()
    if attempt.is_over or newest.released_at is not None or newest.expires_at <= now:
        raise lost()


def release_leases(attempt: Attempt, now: datetime) -> None:
    """End what the attempt holds; the caller has locked its job."""
    attempt.leases.filter(released_at__isnull=True).update(released_at=now)


def lost() -> LeaseLost:
    """The refusal of everything that comes under an old fence."""
    return LeaseLost(
        _("This attempt is over, or another process holds its lease."),
        rule="lease-lost",
        way_out=_("Stop without committing anything."),
    )
