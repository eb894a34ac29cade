"""Questions about projects, their people, requests and allocations."""

from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet

from compute.allocations.enums import REQUEST_WAITING, MemberRole
from compute.allocations.models import Allocation, Membership, Project, Request, RequestLine
from grants.donors.queries import donors_of
from institute.people.enums import Role
from institute.people.models import User


def open_memberships(now: datetime) -> QuerySet[Membership]:
    """Memberships in force."""
    return Membership.objects.filter(starts_at__lte=now).exclude(ends_at__lte=now)


def membership_of(project: Project, user: User, now: datetime) -> Membership | None:
    """A person's open membership, None without one."""
    return open_memberships(now).filter(project=project, user=user).first()


def is_member(project: Project, user: User, now: datetime) -> bool:
    """True for a lead or member now."""
    return open_memberships(now).filter(project=project, user=user).exists()


def is_lead(project: Project, user: User, now: datetime) -> bool:
    """True for a lead now."""
    return open_memberships(now).filter(project=project, user=user, role=MemberRole.LEAD).exists()


def members_of(project: Project, now: datetime) -> QuerySet[Membership]:
    """Who works on a project, leads first, then in the order in which they came."""
    return open_memberships(now).filter(project=project).select_related("user").order_by("role", "id")


def projects_of(user: User, now: datetime) -> QuerySet[Project]:
    """The projects a person works on now, newest first."""
    mine = open_memberships(now).filter(project=OuterRef("pk"), user=user)
    return Project.objects.filter(Exists(mine)).order_by("-id")


def projects_visible_to(user: User, now: datetime) -> QuerySet[Project]:
    """Staff see all projects, others their own."""
    return Project.objects.order_by("-id") if user.is_staff else projects_of(user, now)


def with_counts(projects: QuerySet[Project], now: datetime) -> QuerySet[Project]:
    """Each project with `member_count`."""
    open_ones = Q(memberships__starts_at__lte=now) & (
        Q(memberships__ends_at__isnull=True) | Q(memberships__ends_at__gt=now)
    )
    return projects.annotate(member_count=Count("memberships", filter=open_ones))


def project_by_handle(handle: str) -> Project | None:
    """The project with this handle in any case."""
    return Project.objects.filter(handle__lower=handle.lower()).first()


def requests_visible_to(user: User, now: datetime) -> QuerySet[Request]:
    """Staff see all that were ever submitted, members those of their projects, administrators all; newest first."""
    if user.has_role(Role.ADMIN):
        return Request.objects.select_related("project").order_by("-id")
    mine = Q(project__in=projects_of(user, now).order_by())
    seen = mine | Q(submitted_at__isnull=False) if user.is_staff else mine
    return Request.objects.filter(seen).select_related("project").order_by("-id")


def requests_waiting() -> QuerySet[Request]:
    """Requests that wait for a decision, oldest first."""
    return Request.objects.filter(status__in=REQUEST_WAITING).select_related("project").order_by("submitted_at", "id")


def with_lines(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Each request with `lines_loaded`: those of its present revision with their types, in order."""
    lines = RequestLine.objects.filter(revision=F("request__revision")).select_related("type").order_by("position")
    return requests.prefetch_related(Prefetch("lines", queryset=lines, to_attr="lines_loaded"))


def allocations_visible_to(user: User, now: datetime) -> QuerySet[Allocation]:
    """Staff see all allocations, members those of their projects, donors' contacts those their pledges feed."""
    allocations = Allocation.objects.select_related("project").order_by("-id")
    if user.is_staff:
        return allocations
    own = Q(project__in=projects_of(user, now).order_by())
    fed = Q(sources__pledge__donor__in=donors_of(user, now))
    return allocations.filter(Q(pk__in=Allocation.objects.filter(own | fed).values("pk")))
