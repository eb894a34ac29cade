"""Projects, members, requests and allocations, with their hours in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from compute.allocations.enums import AccountKind, HoursKind, MemberRole, ProjectStatus, RequestStatus
from compute.allocations.models import Allocation, AllocationSource, Membership, Project, Request, RequestLine
from institute.people.enums import HandleKind
from institute.people.models import Handle, User
from institute.staff.management.scale.books import Books, Move, Place
from institute.staff.management.scale.bulk import AWARDED, BY, HOUR, Plan, write
from institute.staff.management.scale.giving import Given


@dataclass(frozen=True)
class Granted:
    """What jobs are submitted on."""

    given: Given
    projects: list[Project]
    handle: Handle
    lead: User
    allocations: list[Allocation]
    sources: list[AllocationSource]
    books: Books


def granted(plan: Plan, given: Given, people: Sequence[User]) -> Granted:
    """Projects, the first with everybody as a member and all requests; each has an allocation from one pledge."""
    projects = plan.many(
        Project,
        lambda n: Project(
            handle=f"scale-{n}", title=f"Project {n:05}", status=ProjectStatus.ACTIVE, summary="A small model."
        ),
    )
    handles = plan.many(
        Handle, lambda n: Handle(name=f"scale-{n}", kind=HandleKind.PROJECT, owner_id=projects[n].public_id)
    )
    _members(projects, people)
    allocations = _allocations(plan, given, _requests(plan, given, projects[0]))
    sources = plan.many(
        AllocationSource,
        lambda n: AllocationSource(
            allocation=allocations[n], pledge=given.pledges[n], starts_at=plan.opened, ends_at=plan.closes
        ),
    )
    books = _books(plan, given, allocations, sources)
    return Granted(given, projects, handles[0], people[1], allocations, sources, books)


def _members(projects: list[Project], people: Sequence[User]) -> None:
    lead = people[1]
    roles = [Membership(project=project, user=lead, role=MemberRole.LEAD) for project in projects]
    members = [Membership(project=projects[0], user=user, role=MemberRole.MEMBER) for user in people[2:]]
    write(Membership, [*roles, *members])


def _requests(plan: Plan, given: Given, project: Project) -> list[Request]:
    """One request for each allocation, and as many that wait."""

    def request(n: int) -> Request:
        is_decided = n < plan.rows
        return Request(
            project=project,
            justification=f"Request {n:05}: a small language model.",
            output_licence="apache-2.0",
            accepts_publishing=True,
            status=RequestStatus.APPROVED if is_decided else RequestStatus.SUBMITTED,
            submitted_at=plan.opened,
            submitted_by=str(BY),
            decided_at=plan.opened if is_decided else None,
            decided_by=str(BY) if is_decided else "",
        )

    requests = write(Request, [request(n) for n in range(2 * plan.rows)])
    lines = [
        RequestLine(
            request=request,
            position=1,
            type=given.type,
            starts_at=plan.opened,
            ends_at=plan.closes,
            runs=1,
            accelerators=1,
            hours=Decimal(AWARDED // HOUR),
            amount_requested=AWARDED,
            amount_awarded=AWARDED if request.decided_at else None,
            submitted_at=plan.opened,
        )
        for request in requests
    ]
    write(RequestLine, lines)
    return requests


def _allocations(plan: Plan, given: Given, requests: list[Request]) -> list[Allocation]:
    return plan.many(
        Allocation,
        lambda n: Allocation(
            project_id=requests[n].project_id, request=requests[n], starts_at=plan.opened, ends_at=plan.closes
        ),
    )


def _books(plan: Plan, given: Given, allocations: list[Allocation], sources: list[AllocationSource]) -> Books:
    books = Books(plan)
    books.open(given.pledges, sources)
    moves = []
    for pledge, allocation, source in zip(given.pledges, allocations, sources, strict=True):
        free: Place = (pledge.pk, None, AccountKind.UNALLOCATED)
        deposit: dict[Place, int] = {(pledge.pk, None, AccountKind.PLEDGED): -2 * AWARDED, free: 2 * AWARDED}
        award: dict[Place, int] = {free: -AWARDED, (pledge.pk, source.pk, AccountKind.AVAILABLE): AWARDED}
        cause = allocation.request.public_id
        moves.append(Move(HoursKind.DEPOSIT, pledge, f"{pledge.public_id}:1", deposit))
        moves.append(Move(HoursKind.AWARD, pledge, f"{cause}:{pledge.public_id}", award))
    books.post(moves)
    return books
