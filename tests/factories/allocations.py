"""Projects and allocations for tests, made through the actions that people use."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from compute.allocations import actions
from compute.allocations.enums import MemberRole
from compute.allocations.models import Allocation, AllocationSource, Membership, Project, Request
from compute.capacity.models import Cluster
from grants.funding.actions import TermsDraft
from grants.funding.models import ComputeTerms, Pledge, Restriction
from grants.funding.queries import current_terms
from institute.people.models import User
from tests.factories.capacity import accelerator_type, supply_of
from tests.factories.funding import active_pledge
from tests.factories.people import TESTER, UserFactory

_numbers = iter(range(10**9))


def project_with(
    *, lead: User | None = None, members: Sequence[User] = (), now: datetime | None = None, **fields: Any
) -> Project:
    """An active project; `fields` are those of `ProjectDraft`."""
    number = next(_numbers)
    draft = actions.ProjectDraft(**({"title": f"Project {number}", "handle": f"project-{number}"} | fields))
    project = actions.create_project(draft=draft, lead=lead or UserFactory.create(), by=TESTER, now=now)
    for user in members:
        member_of(project, user, now=now)
    return project


def member_of(
    project: Project, user: User, *, role: MemberRole = MemberRole.MEMBER, now: datetime | None = None
) -> Membership:
    """The person's part in the project."""
    return actions.add_member(project=project, user=user, role=role, by=TESTER, now=now)


def pledge_with_hours(
    *,
    seconds: int,
    now: datetime | None = None,
    cluster: Cluster | None = None,
    terms: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Pledge:
    """An active pledge whose `seconds` are in the ledger and run somewhere.

    `terms` are columns of its ComputeTerms; those that no action takes yet come as a second version.
    """
    slug = cluster.type.slug if cluster else "cpu-host"
    draft = TermsDraft(type_slug=slug, amount=seconds, reserve_percent=0)
    pledge = active_pledge(now=now, terms=draft, **fields)
    if terms:
        ComputeTerms.objects.create(
            pledge=pledge, version=2, **({"type_slug": slug, "amount": seconds, "reserve_percent": 0} | dict(terms))
        )
    accelerator_type(slug)
    supply_of(pledge, cluster=cluster)
    actions.deposit_hours(pledge=pledge, terms_version=1, amount=seconds, by=TESTER, now=now)
    return pledge


def clause(pledge: Pledge, kind: str, text: str = "A clause.", **fields: Any) -> Restriction:
    """One more clause of a pledge."""
    number = pledge.restrictions.count() + 1
    return Restriction.objects.create(pledge=pledge, kind=kind, text=text, clause_no=number, **fields)


def line_draft(*, now: datetime | None = None, **fields: Any) -> actions.LineDraft:
    """One run of ten hours on one host, within the coming year."""
    now = now or timezone.now()
    defaults: dict[str, Any] = {
        "runs": 1,
        "accelerators": 1,
        "hours": Decimal(10),
        "starts_at": now,
        "ends_at": now + timedelta(days=365),
    }
    if "type" not in fields:
        fields["type"] = accelerator_type()
    return actions.LineDraft(**(defaults | fields))


def request_draft(*, now: datetime | None = None, **fields: Any) -> actions.RequestDraft:
    """A request of one line that accepts what donors usually ask."""
    defaults: dict[str, Any] = {
        "justification": "A language model for small machines.",
        "output_licence": "apache-2.0",
        "accepts_publishing": True,
    }
    if "lines" not in fields:
        fields["lines"] = [line_draft(now=now)]
    return actions.RequestDraft(**(defaults | fields))


def submitted_request(*, project: Project | None = None, now: datetime | None = None, **fields: Any) -> Request:
    """A request that waits for a decision."""
    project = project or project_with(now=now)
    request = actions.draft_request(project=project, draft=request_draft(now=now, **fields), by=TESTER)
    return actions.submit_request(request=request, by=TESTER, now=now)


def allocation_from(
    *pledges_and_seconds: tuple[Pledge, int],
    project: Project | None = None,
    now: datetime | None = None,
    **fields: Any,
) -> Allocation:
    """An approved request, awarded from the pledges; `fields` are those of `AwardDraft`."""
    now = now or timezone.now()
    total = sum(seconds for _pledge, seconds in pledges_and_seconds)
    slugs = sorted({current_terms(pledge).type_slug for pledge, _seconds in pledges_and_seconds})
    types = [accelerator_type(slug) for slug in slugs]
    hours = Decimal(-(-total // 36)) / 100
    line = line_draft(now=now, hours=hours, type=types[0], alternatives=types[1:])
    request = submitted_request(project=project, now=now, lines=[line])
    stored = request.current_lines.get()
    sources = [actions.SourceDraft(stored, pledge, seconds) for pledge, seconds in pledges_and_seconds]
    window = {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(days=300)}
    award = actions.AwardDraft(sources=sources, **(window | fields))
    return actions.approve_request(request=request, award=award, by=TESTER, now=now)


def allocation_with(*, seconds: int, project: Project | None = None, now: datetime | None = None) -> Allocation:
    """An allocation of one pledge that has exactly these hours."""
    return allocation_from((pledge_with_hours(seconds=seconds, now=now), seconds), project=project, now=now)


def source_of(allocation: Allocation, pledge: Pledge | None = None) -> AllocationSource:
    """The allocation's source from a pledge, or its only one."""
    sources = allocation.sources.select_related("pledge")
    return sources.get(pledge=pledge) if pledge else sources.get()
