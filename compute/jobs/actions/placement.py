from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from compute.allocations.actions.holds import hold_hours
from compute.allocations.queries import held_of_job, parts_of_job
from compute.allocations.rules import HoldNeed
from compute.capacity.enums import ClusterStatus
from compute.capacity.models import Cluster
from compute.jobs.enums import ATTEMPT_OPEN, AttemptStatus
from compute.jobs.models import Attempt, Job
from compute.jobs.rules.queueing import Waiting, placements
from institute.core import faults
from institute.core.actors import SYSTEM_SWEEP
from institute.core.errors import DomainError

NO_FREE_HOST = "no-free-host"
NO_CLUSTER = "no-cluster"
HOURS = "hours"


def place_attempts(*, now: datetime) -> int:
    """Give free accelerators to those who wait for them, in the order of the queue; how many got some.

    One transaction under the locks of the clusters, so that two workers never give the same ones away. Who
    stays behind keeps the reason.
    """
    with transaction.atomic():
        clusters = list(Cluster.objects.select_for_update().filter(status=ClusterStatus.UP).order_by("pk"))
        waiting = _waiting(clusters, now)
        placed = placements(waiting, _free(clusters))
        count = 0
        for each in waiting:
            if each.attempt_id not in placed:
                _note(each.attempt_id, NO_FREE_HOST if each.clusters else NO_CLUSTER)
            elif _top_up(each.attempt_id, now):
                _bind(each.attempt_id, placed[each.attempt_id], now)
                count += 1
            else:
                _note(each.attempt_id, HOURS)
        faults.point("before-placement-commit")
    return count


def _waiting(clusters: Sequence[Cluster], now: datetime) -> list[Waiting]:
    attempts = (
        Attempt.objects.filter(
            status=AttemptStatus.PLANNED,
            cluster__isnull=True,
            next_check_at__lte=now,
            job__stop_requested_at__isnull=True,
        )
        .select_related("job")
        .order_by("pk")
    )
    return [
        Waiting(
            attempt_id=attempt.pk,
            job_id=attempt.job_id,
            project_id=attempt.job.project_id,
            urgency=str(attempt.job.inputs.get("urgency", "")),
            accelerators=attempt.job.accelerators,
            clusters=tuple(usable_clusters(attempt.job, clusters)),
        )
        for attempt in attempts
    ]


def usable_clusters(job: Job, clusters: Iterable[Cluster]) -> list[int]:
    """Which of `clusters` the job may run on: of its type, large enough, and fed by a pledge that holds for it."""
    pledges = [part.pledge_id for part in parts_of_job(job.public_id)]
    fed = set(Cluster.objects.filter(supplies__pledge_id__in=pledges).values_list("pk", flat=True))
    return [
        cluster.pk
        for cluster in clusters
        if cluster.pk in fed and cluster.type_id == job.accelerator_type_id and cluster.accelerators >= job.accelerators
    ]


def _free(clusters: Sequence[Cluster]) -> dict[int, int]:
    used = dict(
        Attempt.objects.filter(status__in=ATTEMPT_OPEN, cluster__in=clusters)
        .order_by()
        .values("cluster_id")
        .annotate(total=Sum("job__accelerators"))
        .values_list("cluster_id", "total")
    )
    return {cluster.pk: max(0, cluster.accelerators - used.get(cluster.pk, 0)) for cluster in clusters}


def _top_up(attempt_id: int, now: datetime) -> bool:
    """A further attempt may use as much as the first: hold what is missing. False if there is not enough."""
    job = Attempt.objects.select_related("job__allocation", "job__accelerator_type").get(pk=attempt_id).job
    missing = job.hold_seconds - held_of_job(job.public_id)
    if missing <= 0:
        return True
    need = HoldNeed(
        quantity=missing,
        type=job.accelerator_type,
        wall_ends_at=now + timedelta(seconds=job.wall_limit_s),
        is_interruptible=bool(job.resources["interruptible"]),
    )
    try:
        with transaction.atomic():
            hold_hours(
                allocation=job.allocation, job_id=job.public_id, n=job.hold_count, need=need, by=SYSTEM_SWEEP, now=now
            )
    except DomainError:
        return False
    Job.objects.filter(pk=job.pk).update(hold_count=job.hold_count + 1)
    return True


def _bind(attempt_id: int, cluster_id: int, now: datetime) -> None:
    Attempt.objects.filter(pk=attempt_id).update(cluster_id=cluster_id, reason="", next_check_at=now)


def _note(attempt_id: int, reason: str) -> None:
    Attempt.objects.filter(pk=attempt_id).exclude(reason=reason).update(reason=reason)
