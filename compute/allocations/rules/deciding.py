"""Who may decide a request, and what a decision must hold to."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from compute.allocations.enums import ProjectStatus
from compute.allocations.models import Project, Request
from compute.allocations.queries import is_member
from grants.donors.models import Donor
from grants.donors.rules import is_recused
from institute.core.actors import Actor
from institute.core.errors import Forbidden, Refused
from institute.people.models import User
from institute.people.queries import user_behind


def require_unconflicted(request: Request, donors: Iterable[Donor], *, by: Actor, now: datetime) -> None:
    """Forbidden for the requester, a member of the project, or one who acts for a donor whose hours are given."""
    user = user_behind(by)
    if user is None:
        return
    if is_own(request, by) or is_member(request.project, user, now):
        raise Forbidden(
            _("Nobody decides a request of their own project."),
            rule="conflict-of-interest",
            way_out=_("Ask a colleague of operations who is no member."),
        )
    for donor in donors:
        require_not_recused(user, donor, now)


def is_own(request: Request, by: Actor) -> bool:
    """True if the same person entered or submitted the request."""
    marks = {request.created_by, request.submitted_by}
    return bool(marks & {str(by), f"person:{by.person}"})


def require_not_recused(user: User, donor: Donor, now: datetime) -> None:
    """Forbidden for one who acts for the donor."""
    if is_recused(user, donor, now):
        raise Forbidden(
            _("You act for %(donor)s and cannot decide on its hours.") % {"donor": donor},
            rule="conflict-of-interest",
            way_out=_("Ask a colleague of operations who does not."),
        )


def require_reason(reason: str) -> str:
    """The reason, trimmed; Refused without one."""
    if not reason.strip():
        raise Refused(_("Give a reason: the project will read it."), field="reason", rule="reason")
    return reason.strip()


def require_open(project: Project) -> None:
    """Refused for a project that is not active, as the database has it now."""
    if not Project.objects.filter(pk=project.pk, status=ProjectStatus.ACTIVE).exists():
        raise Refused(
            _("%(project)s is not active.") % {"project": project},
            rule="project-status",
            way_out=_("Ask operations to activate it."),
        )
