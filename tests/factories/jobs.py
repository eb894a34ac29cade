"""Jobs for tests, made through the actions that people use, of the recipe that trains nothing."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from compute.allocations.models import Allocation, Project
from compute.capacity.models import Cluster
from compute.jobs import actions
from compute.jobs.enums import ATTEMPT_OPEN
from compute.jobs.models import Attempt, Job
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
    project: Project | None = None,
    now: datetime | None = None,
    **pledge: Any,
) -> Allocation:
    """Hours of one pledge that run on this cluster (one host of its own by default)."""
    given = pledge_with_hours(seconds=seconds, cluster=cluster or one_host(), now=now, **pledge)
    return allocation_from((given, seconds), project=project or project_with(now=now), now=now)


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
