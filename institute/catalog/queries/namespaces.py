"""Handles and projects under which a person may make something."""

from datetime import datetime

from django.db.models import Q, QuerySet

from compute.allocations.models import Project
from compute.allocations.queries import projects_of
from institute.people.enums import HandleKind, Role
from institute.people.models import Handle, User

MOST_PROJECTS = 100


def usable_by(user: User, now: datetime, *, named: str = "") -> QuerySet[Handle]:
    """The person's own handle and those of their projects; operations also the institute's; by name.

    Administrators may use every handle: besides their own they get the one that is `named`.
    """
    projects = projects_of(user, now).order_by().values("public_id")
    allowed = Q(kind=HandleKind.PROJECT, owner_id__in=projects) | Q(kind=HandleKind.PERSON, owner_id=user.public_id)
    if user.has_role(Role.OPERATIONS):
        allowed |= Q(kind=HandleKind.INSTITUTE)
    if user.has_role(Role.ADMIN):
        allowed |= Q(name__iexact=named)
    return Handle.objects.filter(allowed).order_by("name")


def projects_usable_by(user: User, now: datetime, *, named: str = "") -> QuerySet[Project]:
    """The person's own projects, newest first; administrators get the newest of all, and the one that is `named`."""
    if not user.has_role(Role.ADMIN):
        return projects_of(user, now)
    newest = Project.objects.order_by("-id")[:MOST_PROJECTS]
    return Project.objects.filter(Q(pk__in=newest.values("pk")) | Q(public_id=named)).order_by("-id")
