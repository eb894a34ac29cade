"""Who may do what with projects, requests and allocations, and whether it is allowed."""

import rules
from django.utils import timezone

from compute.allocations.models import Allocation, Project, Request
from compute.allocations.queries import is_lead, is_member
from compute.allocations.rules.clauses import (
    Clause,
    Declaration,
    FailingClause,
    Terms,
    clash,
    clause_of,
    effective,
    failing_clauses,
    fits,
    meet,
    terms_of,
)
from compute.allocations.rules.deciding import (
    require_not_recused,
    require_open,
    require_reason,
    require_unconflicted,
)
from compute.allocations.rules.holding import (
    HoldNeed,
    HoldPlan,
    PlannedPart,
    Skipped,
    clauses_of,
    declaration_of,
    plan_hold,
)
from compute.allocations.rules.licences import openness_of
from compute.allocations.rules.standing import (
    Opening,
    Standing,
    TypeStanding,
    by_type,
    openings_for,
    standing_of,
    standing_of_project,
)
from grants.donors.queries import donors_of
from institute.people.enums import Role
from institute.people.models import User
from institute.people.rules import holds, is_staff

__all__ = [
    "Clause",
    "Declaration",
    "FailingClause",
    "HoldNeed",
    "HoldPlan",
    "Opening",
    "PlannedPart",
    "Skipped",
    "Standing",
    "Terms",
    "TypeStanding",
    "by_type",
    "clash",
    "clause_of",
    "clauses_of",
    "declaration_of",
    "effective",
    "failing_clauses",
    "fits",
    "meet",
    "openings_for",
    "openness_of",
    "plan_hold",
    "project_of",
    "require_not_recused",
    "require_open",
    "require_reason",
    "require_unconflicted",
    "standing_of",
    "standing_of_project",
    "terms_of",
]


def project_of(obj: object) -> Project | None:
    """The project that an object of this room belongs to."""
    if isinstance(obj, Request | Allocation):
        return obj.project
    return obj if isinstance(obj, Project) else None


@rules.predicate
def is_signed_in(user: object) -> bool:
    """The user is a person."""
    return isinstance(user, User) and user.is_active


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
def was_submitted(user: object, obj: object = None) -> bool:
    """The request left the hands of its project at least once."""
    return isinstance(obj, Request) and obj.submitted_at is not None


@rules.predicate
def speaks_for_a_giver(user: object, obj: object = None) -> bool:
    """The person is contact of a donor whose pledge feeds the allocation."""
    if not isinstance(user, User) or not isinstance(obj, Allocation):
        return False
    return obj.sources.filter(pledge__donor__in=donors_of(user, timezone.now())).exists()


operates = holds(Role.OPERATIONS)

rules.add_perm("allocations.list_projects", is_signed_in)
rules.add_perm("allocations.view_project", is_staff | works_on)
rules.add_perm("allocations.create_project", operates)
rules.add_perm("allocations.edit_project", operates | leads)
rules.add_perm("allocations.manage_members", operates | leads)
rules.add_perm("allocations.submit_request", leads | holds(Role.ADMIN))
rules.add_perm("allocations.view_request", works_on | (is_staff & was_submitted) | holds(Role.ADMIN))
rules.add_perm("allocations.decide_request", operates)
rules.add_perm("allocations.view_allocation", is_staff | works_on | speaks_for_a_giver)
rules.add_perm("allocations.freeze_allocation", operates)
rules.add_perm("allocations.view_hours", is_staff)
