"""What was seen of an attempt becomes rows: stretches of use, status, what it printed."""

from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.functions import Coalesce

from compute.jobs.actions.claims import Claim, holding
from compute.jobs.backends.base import Backend, Observation, Phase, PodObservation
from compute.jobs.enums import AttemptStatus, Evidence, JobStatus
from compute.jobs.events import AttemptStarted
from compute.jobs.models import Attempt, Job, PodLog, PodSegment
from compute.jobs.rules.metering import Span, Stretch, bound_spans
from institute.core import live
from institute.core.actors import SYSTEM_SWEEP
from institute.core.outbox import publish
from institute.core.states import transition

LOG_PART = 64 * 1024
LOG_PARTS_A_ROUND = 16
ALIVE = (Phase.STARTING, Phase.RUNNING)


def record_observation(claim: Claim, seen: Observation, *, now: datetime) -> None:
    """Keep what a place said: when it was last heard, and each pod's stretch of use. Raises Stale."""
    with holding(claim) as (_job, attempt):
        values: dict[str, Any] = {"last_seen_at": max(seen.last_seen_at, attempt.last_seen_at or seen.last_seen_at)}
        if seen.uid and not attempt.uid:
            values |= {"uid": seen.uid, "submitted_at": attempt.submitted_at or now}
        for pod in seen.pods:
            _extend(attempt, pod, seen)
        spans = spans_of(attempt)
        if spans and attempt.bound_at is None:
            values["bound_at"] = spans[0].starts_at
        Attempt.objects.filter(pk=attempt.pk).update(**values)


def _extend(attempt: Attempt, pod: PodObservation, seen: Observation) -> None:
    """Upserts only extend or close: a stretch that ended stays ended, what was proved stays proved."""
    assert attempt.cluster_id is not None
    segment, _is_new = PodSegment.objects.get_or_create(
        cluster_id=attempt.cluster_id,
        pod_uid=pod.uid,
        segment=0,
        defaults={
            "attempt": attempt,
            "index": pod.index,
            "node": pod.node,
            "accelerators": pod.accelerators,
            "scheduled_at": pod.scheduled_at,
        },
    )
    if segment.ends_at is not None or pod.started_at is None:
        return
    if segment.starts_at is None:
        segment.starts_at = max(pod.started_at, pod.scheduled_at or pod.started_at)
    # A pod may have ended while its attempt lives on, uploading what it made: that time is not use.
    is_used = pod.ended_at is None and seen.phase in ALIVE
    proofs = [segment.starts_at, segment.seen_at, pod.ended_at, seen.last_seen_at if is_used else None]
    segment.seen_at = max(proof for proof in proofs if proof is not None)
    if pod.ended_at is not None:
        segment.ends_at, segment.evidence = segment.seen_at, Evidence.REPORTED
    segment.save(update_fields=["starts_at", "seen_at", "ends_at", "evidence"])


def close_segments(attempt: Attempt) -> None:
    """The attempt is over and nobody will say more: each open stretch ends at its last sign of life."""
    attempt.segments.filter(ends_at__isnull=True, starts_at__isnull=False).update(
        ends_at=F("seen_at"), evidence=Evidence.LAST_SEEN
    )


def spans_of(attempt: Attempt) -> list[Span]:
    """When the attempt's gang was whole, as far as observed."""
    rows = attempt.segments.filter(starts_at__isnull=False).annotate(until=Coalesce("ends_at", "seen_at", "starts_at"))
    stretches = [
        Stretch(index, start, end) for index, start, end in rows.values_list("index", "starts_at", "until") if start
    ]
    return bound_spans(stretches, processes=attempt.job.processes)


def advance(claim: Claim, to: AttemptStatus, *, now: datetime) -> None:
    """The attempt is further on its way; the job runs once its training does. Raises Stale."""
    with holding(claim) as (job, attempt):
        advance_held(job, attempt, to, now=now)


def advance_held(job: Job, attempt: Attempt, to: AttemptStatus, *, now: datetime) -> None:
    """The same under locks that the caller holds."""
    transition(
        attempt, to, by=SYSTEM_SWEEP, now=now, fields={"reason": "", "submitted_at": attempt.submitted_at or now}
    )
    if to is AttemptStatus.RUNNING:
        started_at = job.started_at or attempt.bound_at or now
        transition(job, JobStatus.RUNNING, by=SYSTEM_SWEEP, now=now, fields={"reason": "", "started_at": started_at})
        publish(AttemptStarted(job.public_id, attempt.public_id), subject=job.public_id, by=SYSTEM_SWEEP)
    live.hint(job.public_id, "status")


def pull_log(claim: Claim, backend: Backend) -> bool:
    """Store what the attempt printed since the last time; True once nothing will follow.

    Parts are appended at the offset where the stored ones end, so a part stored twice is one row.
    """
    attempt = Attempt.objects.select_related("job").get(pk=claim.attempt_id)
    holder = attempt.uid or attempt.name
    offset = _stored_bytes(attempt, holder)
    for _ in range(LOG_PARTS_A_ROUND):
        part = backend.read_log(attempt.name, offset, LOG_PART)
        if part.data:
            PodLog.objects.bulk_create(
                [PodLog(attempt=attempt, holder=holder, offset=offset, size=len(part.data), data=part.data)],
                ignore_conflicts=True,
            )
            offset = _stored_bytes(attempt, holder)
            live.hint(attempt.job.public_id, "log")
        if part.is_end or not part.data:
            return part.is_end
    return False


def _stored_bytes(attempt: Attempt, holder: str) -> int:
    last = attempt.log_parts.filter(holder=holder).order_by("-offset").first()
    return last.offset + last.size if last else 0
