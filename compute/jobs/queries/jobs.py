"""Questions about jobs and their attempts."""

from datetime import datetime

from django.db.models import Count, QuerySet

from compute.allocations.queries import projects_of
from compute.jobs.enums import ATTEMPT_OPEN
from compute.jobs.models import Attempt, Job
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
    """A job's attempts, newest first."""
    return job.attempts.select_related("cluster").order_by("-number")


def open_attempt_of(job: Job) -> Attempt | None:
    """The attempt that is not over."""
    return job.attempts.filter(status__in=ATTEMPT_OPEN).select_related("cluster", "job").first()


def submitter_of(job: Job) -> User | None:
    """The person who submitted it."""
    return User.objects.filter(public_id=job.submitted_by).first() if job.submitted_by else None
