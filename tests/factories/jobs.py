"""Jobs for tests, made through the actions that people use, of the recipe that trains nothing."""

import hashlib
from datetime import datetime
from typing import Any

from django.utils import timezone

from compute.allocations.models import Allocation, Project
from compute.capacity.models import Cluster
from compute.jobs import actions
from compute.jobs.enums import ATTEMPT_OPEN, LeaseState
from compute.jobs.models import Attempt, Job, JobCheckpoint
from compute.jobs.rules.manifests import canonical
from institute.core.actors import Actor
from institute.people.models import User
from tests.compute.recipes.stdlib_runner.recipe import RECIPE
from tests.factories.allocations import allocation_from, pledge_with_hours, project_with
from tests.factories.capacity import ClusterFactory
from tests.factories.people import TESTER

HOUR = 3600


def one_host(**fields: Any) -> Cluster:
    """A cluster that runs one attempt at a time."""
    return ClusterFactory.create(accelerators=1, **fields)


def allocation_on(
    cluster: Cluster | None = None,
    *,
    seconds: int = 100 * HOUR,
    award: int | None = None,
    project: Project | None = None,
    now: datetime | None = None,
    **pledge: Any,
) -> Allocation:
    """Hours of one pledge (all of them unless `award` says less) on this cluster, or on one host of its own."""
    given = pledge_with_hours(seconds=seconds, cluster=cluster or one_host(), now=now, **pledge)
    return allocation_from((given, award or seconds), project=project or project_with(now=now), now=now)


def submitted_job(
    *,
    allocation: Allocation | None = None,
    by: Actor | User = TESTER,
    name: str = "a job",
    now: datetime | None = None,
    recipe: Any = RECIPE,
    **values: Any,
) -> Job:
    """A job that waits; `values` are inputs of the standard-library runner."""
    now = now or timezone.now()
    return actions.submit_job(
        allocation=allocation or allocation_on(now=now),
        recipe=recipe,
        values=values,
        name=name,
        by=by.actor if isinstance(by, User) else by,
        now=now,
    )


def open_attempt(job: Job) -> Attempt:
    """The job's attempt that is not over."""
    return job.attempts.get(status__in=ATTEMPT_OPEN)


def newest_attempt(job: Job) -> Attempt:
    """The job's last attempt."""
    return job.attempts.order_by("-number")[0]


def lease_of(attempt: Attempt, *, now: datetime, holder: str = "supervisor") -> int:
    """The fence that the attempt's supervisor holds."""
    return actions.grant_lease(attempt=attempt, holder=holder, state=LeaseState.RUNNING, now=now, by=TESTER).fence


def manifest_of(attempt: Attempt, *, fence: int, kind: str, step: int, files: Any = ()) -> actions.Manifest:
    """What the attempt's training would commit."""
    content = {
        "job": attempt.job.public_id,
        "attempt": attempt.public_id,
        "fence": fence,
        "kind": kind,
        "step": step,
        "seed": 0,
        "data_cursor": {"share": 1e-07},
        "files": list(files),
    }
    return actions.Manifest(fence, hashlib.sha256(canonical(content).encode()).hexdigest(), content)


def checkpoint_of(attempt: Attempt, *, now: datetime, step: int = 5, fence: int | None = None) -> JobCheckpoint:
    """An accepted checkpoint."""
    fence = fence or lease_of(attempt, now=now)
    manifest = manifest_of(attempt, fence=fence, kind="checkpoint", step=step)
    return actions.accept_checkpoint(
        attempt=attempt, step=step, manifest=manifest, location=f"local:{fence}/{step}", by=TESTER, now=now
    )[0]


def uploaded(attempt: Attempt, data: bytes, *, fence: int, now: datetime) -> dict[str, Any]:
    """A file that the object store has, as a manifest names it but for its path."""
    sha256 = hashlib.sha256(data).hexdigest()
    actions.store_output_file(attempt=attempt, fence=fence, sha256=sha256, chunks=[data], by=TESTER, now=now)
    return {"bytes": len(data), "sha256": sha256}


def output_of(attempt: Attempt, *, now: datetime, data: bytes = b"weights", fence: int | None = None) -> JobCheckpoint:
    """An accepted output of one file."""
    fence = fence or lease_of(attempt, now=now)
    file = uploaded(attempt, data, fence=fence, now=now) | {"path": "model.safetensors"}
    manifest = manifest_of(attempt, fence=fence, kind="output", step=20, files=[file])
    return actions.accept_output(attempt=attempt, manifest=manifest, by=TESTER, now=now)[0]
