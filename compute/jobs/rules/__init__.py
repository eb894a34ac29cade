"""Who may do what with jobs; what is allowed and what follows from what stands in the modules beside."""

import rules
from django.utils import timezone

from compute.allocations.models import Allocation, Project
from compute.allocations.queries import is_lead, is_member
from compute.jobs.models import Job
from institute.people.enums import Role
from institute.people.models import User
from institute.people.rules import holds, is_staff


def project_of(obj: object) -> Project | None:
    """The project that a job, or what a job would draw on, belongs to."""
    if isinstance(obj, Job | Allocation):
        return obj.project
    return obj if isinstance(obj, Project) else None


@rules.predicate
def works_on(user: object, obj: object = None) -> bool:
    """The person is lead or member of the object's project."""
    project = project_of(obj)
    return isinstance(user, User) and project is not None and is_member(project, user, timezone.now())


@rules.predicate
def leads(user: object, obj: object = None) -> bool:
    """The person is a lead of the object's project."""
    project = project_of(obj)
    return isinstance(user, User) and project is not None and is_lead(project, user, timezone.now())


@rules.predicate
def submitted(user: object, obj: object = None) -> bool:
    """The person submitted the job."""
    return isinstance(user, User) and isinstance(obj, Job) and obj.submitted_by == user.public_id


@rules.predicate
def is_signed_in(user: object) -> bool:
    """The user is a person."""
    return isinstance(user, User) and user.is_active


rules.add_perm("jobs.list_jobs", is_signed_in)
rules.add_perm("jobs.view_job", is_staff | works_on)
rules.add_perm("jobs.submit_job", works_on | holds(Role.ADMIN))
rules.add_perm("jobs.stop_job", submitted & works_on | leads | holds(Role.OPERATIONS))
