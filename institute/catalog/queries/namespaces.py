"""Handles under which a person may make something."""

from datetime import datetime

from django.db.models import Q, QuerySet

from compute.allocations.queries import projects_of
from institute.people.enums import HandleKind, Role
from institute.people.models import Handle, User


def usable_by(user: User, now: datetime) -> QuerySet[Handle]:
    """The person's own handle and those of their projects; operations also the institute's; by name."""
    projects = projects_of(user, now).order_by().values("public_id")
    allowed = Q(kind=HandleKind.PROJECT, owner_id__in=projects) | Q(kind=HandleKind.PERSON, owner_id=user.public_id)
    if user.has_role(Role.OPERATIONS):
        allowed |= Q(kind=HandleKind.INSTITUTE)
    return Handle.objects.filter(allowed).order_by("name")
