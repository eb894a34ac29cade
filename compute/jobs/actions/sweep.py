"""The sweep: everything that must happen to jobs by itself. Run by beat and nudged by events; whatever it
was doing when a worker died, the next one does again."""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from django.db import OperationalError
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from compute.jobs.actions.captures import capture_due
from compute.jobs.actions.claims import Claim, Stale, claim_attempt, due_attempts, holding, postpone, release_claim
from compute.jobs.actions.dispatch import backend_for
from compute.jobs.actions.endings import LastWords, end_attempt
from compute.jobs.actions.observations import advance, close_segments, pull_log, record_observation
from compute.jobs.actions.placement import place_attempts
from compute.jobs.actions.specs import GRACE_S, prepare
from compute.jobs.backends.base import Backend, BackendConflict, BackendUnavailable, Observation, Phase
from compute.jobs.enums import AttemptStatus, CheckpointKind, FailureClass
from compute.jobs.models import Attempt
from compute.jobs.rules.reconcile import (
    Advance,
    Create,
    Desired,
    End,
    ForceDelete,
    MarkUnknown,
    SendStop,
    reconcile,
    unanswered,
)
from institute.core import faults, live
from institute.core.actors import SYSTEM_SWEEP

log = structlog.get_logger(__name__)
ROUNDS = 3
NAME_TAKEN = "name-taken"
FORCED = "forced"


@dataclass(slots=True)
class Swept:
    """What one sweep did."""

    placed: int = 0
    tended: int = 0
    ended: int = 0
    silent: int = 0
    failed: int = 0


def sweep_jobs(*, now: datetime | None = None) -> Swept:
    """Place who waits, then tend every attempt that is due; again while what ended makes room for others.

    A fault of one attempt is logged, counted and put off; the others go on.
    """
    swept = Swept()
    done: set[int] = set()
    for _ in range(ROUNDS):
        swept.placed += place_attempts(now=now or timezone.now())
        before = swept.ended
        for pk in due_attempts(now or timezone.now()).exclude(pk__in=done).values_list("pk", flat=True):
            done.add(pk)
            _tend_safely(pk, now, swept)
        if swept.ended == before:
            break
    return swept


def _tend_safely(pk: int, now: datetime | None, swept: Swept) -> None:
    claim = claim_attempt(pk, now or timezone.now())
    if claim is None:
        return
    faults.point("after-claim")
    try:
        swept.ended += tend(claim, now=now)
        swept.tended += 1
    except OperationalError:
        raise  # the database itself is away: the claim runs out by itself
    except BackendUnavailable as error:
        swept.silent += 1
        log.warning("place_does_not_answer", attempt=pk, error=str(error))
        postpone(claim, now=now or timezone.now())
    except Stale:
        log.info("attempt_taken_over", attempt=pk)
    except Exception:
        swept.failed += 1
        log.exception("attempt_not_tended", attempt=pk, faults_in_a_row=postpone(claim, now=now or timezone.now()))


def tend(claim: Claim, *, now: datetime | None = None) -> bool:
    """Compare one attempt with its place and do what follows; True if it ended.

    Talks to the place outside any transaction. Raises Stale when another worker took the attempt over,
    BackendUnavailable when the place does not answer.
    """
    now = now or timezone.now()
    attempt = _load(claim)
    with bound_contextvars(job_id=attempt.job.public_id, attempt=attempt.name):
        has_ended = not attempt.is_over and _bring_together(claim, now)
        if attempt.is_over or has_ended:
            _clean(claim, now)
        elif attempt.cluster is not None:
            capture_due(attempt=attempt, is_over=False, by=SYSTEM_SWEEP)
            pull_log(claim, backend_for(attempt.cluster))
        release_claim(claim, next_check_at=now)
    return has_ended


def _load(claim: Claim) -> Attempt:
    return Attempt.objects.select_related("job__project", "cluster").get(pk=claim.attempt_id)


def _bring_together(claim: Claim, now: datetime) -> bool:
    """True if the attempt ended."""
    attempt = _load(claim)
    has_ended, created = _follow(claim, attempt, _look(claim, attempt, now), now)
    if created is not None:  # it may have been there already, and be far on its way
        has_ended, _again = _follow(claim, attempt, created, now)
    return has_ended


def _follow(
    claim: Claim, attempt: Attempt, observed: Observation | None, now: datetime
) -> tuple[bool, Observation | None]:
    """Do what follows from what was seen: whether the attempt ended, and what the place made of a creation."""
    if observed is not None and observed.phase not in (Phase.ABSENT, Phase.UNKNOWN):
        record_observation(claim, observed, now=now)
        faults.point("after-record")
    created: Observation | None = None
    # Read again: an output may have been accepted while the place was asked. Who had no place then has none here.
    desired = replace(_desired(_load(claim)), is_placed=attempt.cluster_id is not None)
    for step in reconcile(desired, observed, now):
        match step:
            case Create():
                created = _create(claim, attempt, now)
                if created is None:
                    _end(claim, End(AttemptStatus.FAILED, FailureClass.PLATFORM, NAME_TAKEN), observed, now)
                    return True, None
            case End():
                _end(claim, step, observed, now)
                return True, None
            case ForceDelete():
                _backend(attempt).delete(attempt.name)
                _end(claim, End(AttemptStatus.CANCELLED, None, FORCED), observed, now)
                return True, None
            case _:
                _perform(claim, attempt, step, now)
    return False, created


def _backend(attempt: Attempt) -> Backend:
    assert attempt.cluster is not None, "only a placed attempt has a backend"
    return backend_for(attempt.cluster)


def _look(claim: Claim, attempt: Attempt, now: datetime) -> Observation | None:
    """What the place says, None without one. Raises BackendUnavailable, after a long silence is marked as such."""
    if attempt.cluster is None:
        return None
    try:
        return _backend(attempt).observe([attempt.name])[0]
    except BackendUnavailable:
        for step in unanswered(_desired(attempt), now):
            _perform(claim, attempt, step, now)
        raise


def _desired(attempt: Attempt) -> Desired:
    job = attempt.job
    return Desired(
        status=AttemptStatus(attempt.status),
        is_placed=attempt.cluster_id is not None,
        is_stop_wanted=job.stop_requested_at is not None,
        stop_sent_at=attempt.stop_sent_at,
        grace_s=GRACE_S,
        has_output=job.checkpoints.filter(kind=CheckpointKind.OUTPUT).exists(),
        last_seen_at=attempt.last_seen_at,
        is_unknown=attempt.is_unknown,
        gives_up_at=job.gives_up_at if job.started_at is None else None,
    )


def _create(claim: Claim, attempt: Attempt, now: datetime) -> Observation | None:
    """What the place says of the attempt it now has; None if the name stands for something else there."""
    spec = prepare(claim, now=now)
    faults.point("after-prepare")
    try:
        created = _backend(attempt).create(spec)
    except BackendConflict:
        log.exception("name_taken")
        return None
    faults.point("after-create")
    return created


def _perform(claim: Claim, attempt: Attempt, step: Advance | MarkUnknown | SendStop, now: datetime) -> None:
    match step:
        case Advance(to=to):
            advance(claim, to, now=now)
            faults.point("after-advance")
        case MarkUnknown(is_unknown=is_unknown):
            with holding(claim) as (job, held):
                Attempt.objects.filter(pk=held.pk).update(is_unknown=is_unknown)
                live.hint(job.public_id, "status")
        case _:
            _backend(attempt).request_stop(attempt.name)
            faults.point("after-stop-sent")
            with holding(claim) as (_job, held):
                Attempt.objects.filter(pk=held.pk).update(stop_sent_at=now)


def _end(claim: Claim, end: End, observed: Observation | None, now: datetime) -> None:
    with holding(claim) as (_job, attempt):
        close_segments(attempt)
    words = LastWords(observed.exit_code, observed.text) if observed is not None else LastWords()
    end_attempt(claim, end, words, now=now)
    faults.point("after-end")


def _clean(claim: Claim, now: datetime) -> None:
    """Fetch the rest of the log, then let the place forget the attempt."""
    attempt = _load(claim)
    if attempt.cluster is not None:
        if not pull_log(claim, _backend(attempt)):
            return
        _backend(attempt).delete(attempt.name)
        faults.point("after-delete")
    with holding(claim) as (_job, held):
        Attempt.objects.filter(pk=held.pk).update(cleaned_at=now)
