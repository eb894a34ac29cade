"""Questions about pledges and duties."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, QuerySet

from grants.donors.queries import donors_of
from grants.funding.enums import ObligationStatus, PledgeStatus, RestrictionKind
from grants.funding.models import ComputeTerms, Obligation, Pledge, Restriction
from institute.people.models import User

OPEN_DUTIES = (ObligationStatus.SCHEDULED, ObligationStatus.DUE)


def with_terms(pledges: QuerySet[Pledge]) -> QuerySet[Pledge]:
    """Each pledge with `terms_newest_first`, its terms in memory."""
    newest = ComputeTerms.objects.order_by("pledge_id", "-version")
    return pledges.select_related("donor").prefetch_related(
        Prefetch("terms", queryset=newest, to_attr="terms_newest_first")
    )


def current_terms(pledge: Pledge) -> ComputeTerms:
    """The newest terms of a pledge; every pledge has some."""
    loaded: list[ComputeTerms] | None = getattr(pledge, "terms_newest_first", None)
    if loaded:
        return loaded[0]
    return pledge.terms.order_by("-version")[0]


def restrictions_of(pledge: Pledge) -> QuerySet[Restriction]:
    """The clauses of a pledge in their order."""
    return pledge.restrictions.order_by("clause_no")


def cite_texts(pledges: Iterable[Pledge]) -> list[tuple[Pledge, str]]:
    """The sentence that each pledge wants to read on what it paid for."""
    clauses = Restriction.objects.filter(pledge__in=list(pledges), kind=RestrictionKind.CITE)
    return [
        (clause.pledge, clause.text) for clause in clauses.select_related("pledge").order_by("pledge_id", "clause_no")
    ]


def pledges_visible_to(user: User, now: datetime) -> QuerySet[Pledge]:
    """Staff see all pledges, a donor's contact the donor's."""
    pledges = Pledge.objects.all()
    return pledges if user.is_staff else pledges.filter(donor__in=donors_of(user, now))


def pledges_to_activate(now: datetime) -> QuerySet[Pledge]:
    """Accepted pledges whose window has opened."""
    return Pledge.objects.filter(
        status=PledgeStatus.ACCEPTED, window_starts_at__lte=now, window_ends_at__gt=now
    ).order_by("pk")


def pledges_ending_within(days: int, *, now: datetime) -> QuerySet[Pledge]:
    """Active pledges whose window closes in the next `days`, soonest first."""
    return Pledge.objects.filter(
        status=PledgeStatus.ACTIVE, window_ends_at__gt=now, window_ends_at__lt=now + timedelta(days=days)
    ).order_by("window_ends_at")


def obligations_due(*, today: date, days: int) -> QuerySet[Obligation]:
    """Open duties due within `days` or overdue, soonest first."""
    return (
        Obligation.objects.filter(status__in=OPEN_DUTIES, due_on__lte=today + timedelta(days=days))
        .select_related("pledge__donor", "restriction")
        .order_by("due_on", "id")
    )


def obligations_to_accept() -> QuerySet[Obligation]:
    """Duties whose fulfilment is proposed and waits for a person."""
    return (
        Obligation.objects.filter(status=ObligationStatus.SUBMITTED)
        .select_related("pledge__donor", "restriction")
        .order_by("due_on", "id")
    )


def obligations_of(pledge: Pledge) -> QuerySet[Obligation]:
    """Every duty of a pledge, soonest first."""
    return pledge.obligations.select_related("restriction").order_by("due_on", "id")


def has_long_overdue(pledge: Pledge, subject: str, *, today: date) -> bool:
    """True if a duty of `subject` to this pledge is past its days of grace: no new hold there."""
    duties = pledge.obligations.filter(subject=subject, status__in=OPEN_DUTIES, due_on__lt=today)
    return any(duty.due_on + timedelta(days=duty.grace_days) < today for duty in duties)
