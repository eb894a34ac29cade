"""What runs may do and to whom they show themselves."""

import rules as permissions
from django.utils import timezone

from compute.allocations.queries import is_member
from compute.jobs.models import Job
from compute.tracking.models import Run
from institute.people.models import User
from institute.people.rules import is_staff


@permissions.predicate
def is_own_run(user: object, run: Run | None = None) -> bool:
    """The run belongs to the person, outside any project."""
    return isinstance(user, User) and run is not None and run.run_project.user_id == user.pk


@permissions.predicate
def works_on_it(user: object, run: Run | None = None) -> bool:
    """The person works on the run's project."""
    if not isinstance(user, User) or run is None or run.run_project.project is None:
        return False
    return is_member(run.run_project.project, user, timezone.now())


@permissions.predicate
def may_stop_its_job(user: object, run: Run | None = None) -> bool:
    """A job's run is stopped through its job, by those who may stop that."""
    return (
        isinstance(user, User)
        and run is not None
        and isinstance(run.job, Job)
        and permissions.has_perm("jobs.stop_job", user, run.job)
    )


permissions.add_perm("tracking.list_runs", permissions.is_authenticated)
permissions.add_perm("tracking.view_run", is_staff | is_own_run | works_on_it)
permissions.add_perm("tracking.stop_run", is_own_run | may_stop_its_job)
