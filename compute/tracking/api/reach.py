"""Which run a caller means, and whether it is within reach.

A job reaches its own run and nothing else, whatever names it gives. A person reaches own runs, and those of
projects that they work on.
"""

from django.utils import timezone

from compute.allocations.queries import is_member
from compute.tracking.actions.lifecycle import ensure_run_of_job
from compute.tracking.api.wire import Answer, Caller
from compute.tracking.models import Run, RunProject
from compute.tracking.queries.runs import run_by_public_id, run_named, run_of_job, run_project_of
from institute.people.models import User
from institute.people.queries import handle_of


def entity_of(run_project: RunProject) -> str:
    """The SDK's entity: the handle of the project, or of the person (their public id without a handle)."""
    if run_project.project is not None:
        return run_project.project.handle
    assert run_project.user is not None  # a CHECK of the table
    return entity_of_user(run_project.user)


def entity_of_user(user: User) -> str:
    """A person's handle, or their public id."""
    handle = handle_of(user.public_id)
    return handle.name if handle else user.public_id


def is_within_reach(caller: Caller, run_project: RunProject) -> bool:
    """The person owns the run project or works on its project."""
    if caller.user is None:
        return False
    if run_project.project is None:
        return run_project.user_id == caller.user.pk
    return is_member(run_project.project, caller.user, timezone.now())


def run_project_for(caller: Caller, *, entity: str, project: str) -> RunProject | None:
    """The run project under these names if the person reaches it; no entity means their own."""
    if caller.user is None:
        return None
    found = run_project_of(entity or entity_of_user(caller.user), project)
    return found if found is not None and is_within_reach(caller, found) else None


def own_run(caller: Caller) -> Run | None:
    """The run of the job that asks."""
    if caller.job is None:
        return None
    return run_of_job(caller.job) or ensure_run_of_job(job=caller.job, by=caller.actor)


def run_for_reading(caller: Caller, *, entity: str, project: str, name: str) -> Run | None:
    """The run meant by the names; a job's own whatever they are."""
    if caller.job is not None:
        return own_run(caller)
    run_project = run_project_for(caller, entity=entity, project=project)
    return run_named(run_project, name) if run_project else None


def run_with_id(caller: Caller, public_id: str) -> Run | None:
    """The run with this id if the caller reaches it."""
    if caller.job is not None:
        return own_run(caller)
    run = run_by_public_id(public_id)
    return run if run is not None and is_within_reach(caller, run.run_project) else None


def run_for_writing(caller: Caller, *, entity: str, project: str, name: str) -> Run:
    """The run that a post is for. Answer 404 if it is not within reach.

    The SDK posts under the names that init was answered with, so a job that names another run means to.
    """
    run = run_for_reading(caller, entity=entity, project=project, name=name)
    if run is None or (caller.job is not None and name != run.name):
        raise Answer(404, "There is no such run within reach of this key.")
    return run
