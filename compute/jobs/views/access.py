"""What a reader may know of: everything else is 404."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from compute.jobs import queries
from compute.jobs.models import Job
from institute.people.models import User


def reader(request: HttpRequest) -> User:
    """The person who reads; asked only for those who signed in."""
    assert isinstance(request.user, User)
    return request.user


def visible_job(request: HttpRequest, public_id: str, **_: str) -> Job:
    """The job, read once per request; 404 for jobs of others."""
    memory: dict[str, Job] = request.__dict__.setdefault("visible_job", {})
    if public_id not in memory:
        jobs = queries.with_submitter(queries.jobs_visible_to(reader(request), timezone.now()))
        memory[public_id] = get_object_or_404(jobs.select_related("allocation__project"), public_id=public_id)
    return memory[public_id]
