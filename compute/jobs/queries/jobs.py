"""Questions about jobs and their attempts."""

from datetime import datetime

from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Sum,
    Value,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce, NullIf

from compute.allocations.queries import projects_of
from compute.jobs.enums import ATTEMPT_OPEN
from compute.jobs.models import Attempt, Job, UsageSlice
from institute.core.subqueries import aggregate_of
from institute.people.models import User


def jobs_visible_to(user: User, now: datetime) -> QuerySet[Job]:
    """Staff see all jobs, others those of their projects; newest first."""
    jobs = Job.objects.select_related("project", "accelerator_type").order_by("-id")
    return jobs if user.is_staff else jobs.filter(project__in=projects_of(user, now).order_by())


def job_by_public_id(public_id: str) -> Job | None:
    """The job with this id, with what its page needs."""
    related = ("project", "allocation__project", "accelerator_type")
    return Job.objects.select_related(*related).filter(public_id=public_id).first()


def with_attempt_counts(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Each job with `attempt_count`."""
    return jobs.annotate(attempt_count=Count("attempts"))


def attempts_of(job: Job) -> QuerySet[Attempt]:
    """A job's attempts, newest first, each with `overrun`: the seconds used beyond the hold."""
    return with_overrun(job.attempts.select_related("cluster")).order_by("-number")


def with_overrun(attempts: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """Each attempt with `overrun`."""
    slices = UsageSlice.objects.filter(attempt=OuterRef("pk"))
    beyond = aggregate_of(slices, "attempt", Sum("overrun_seconds"))
    return attempts.annotate(overrun=Coalesce(beyond, 0, output_field=BigIntegerField()))


def read_attempts(job: Job) -> list[Attempt]:
    """`attempts_of` a job once for all who ask `job.attempts` on its page."""
    attempts = with_overrun(Attempt.objects.select_related("cluster")).order_by("-number")
    prefetch_related_objects([job], Prefetch("attempts", attempts))
    return list(job.attempts.all())


def open_attempt_of(job: Job) -> Attempt | None:
    """The attempt that is not over."""
    return job.attempts.filter(status__in=ATTEMPT_OPEN).select_related("cluster", "job").first()


def with_submitter(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Each job with `submitter`: the name of the person who submitted it, None where no person did."""
    person = User.objects.filter(public_id=OuterRef("submitted_by")).annotate(
        shown=Coalesce(NullIf("name", Value("")), "email", output_field=CharField())
    )
    return jobs.annotate(submitter=Subquery(person.values("shown")[:1]))
