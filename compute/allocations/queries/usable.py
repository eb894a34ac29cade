"""What of a source may be held now, computed with its reason from one statement, never stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from compute.allocations.enums import AccountKind, AllocationStatus, UnusableReason
from compute.allocations.models import Allocation, AllocationSource, HoursAccount, HoursDay
from compute.capacity.enums import ClusterStatus, ProviderStatus
from compute.capacity.models import Supply
from grants.funding.enums import Enforcement, PledgeStatus, ServiceClass
from grants.funding.models import ComputeTerms, Obligation, Restriction
from grants.funding.queries import OPEN_DUTIES

OVERDUE = timedelta(days=30)
NO_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class Usable:
    """Accelerator-seconds that may be held now; where that is 0, why."""

    seconds: int
    reason: UnusableReason | None = None


def usable(source: AllocationSource, now: datetime) -> Usable:
    """What of one source may be held now. Clauses that depend on the project are weighed by `rules`."""
    return usable_of(with_usable(AllocationSource.objects.filter(pk=source.pk), now).get())


def usable_of(source: AllocationSource) -> Usable:
    """The answer for a source that has come through `with_usable`."""
    figures: Any = source  # its annotations
    if figures.obstacle:
        return Usable(0, UnusableReason(figures.obstacle))
    cap_left = NO_LIMIT if figures.monthly_cap is None else figures.monthly_cap - figures.captured - figures.held
    if cap_left <= 0:
        return Usable(0, UnusableReason.CAP_REACHED)
    is_thin = figures.over_commit > 100 or figures.unallocated < 0
    left = figures.unallocated + figures.promised if is_thin else NO_LIMIT
    limit = min(figures.available, cap_left, left)
    return Usable(limit) if limit > 0 else Usable(0, UnusableReason.NOTHING_LEFT)


def usable_of_allocation(allocation: Allocation, now: datetime) -> list[tuple[AllocationSource, Usable]]:
    """Each source of an allocation in draw order with what may be held of it."""
    return [(source, usable_of(source)) for source in in_draw_order(with_usable(allocation.sources.all(), now))]


def in_draw_order(sources: QuerySet[AllocationSource]) -> QuerySet[AllocationSource]:
    """Rank, then soonest end, then most blocking clauses, then preemptible first, then id."""
    blocking = Restriction.objects.filter(pledge=OuterRef("pledge"), enforcement=Enforcement.BLOCK)
    return sources.annotate(
        blocking_clauses=Coalesce(_aggregate(blocking, Count("pk")), 0),
        is_firm=Case(When(pledge__supply__service_class=ServiceClass.PREEMPTIBLE, then=0), default=1),
    ).order_by(F("draw_rank").asc(nulls_last=True), "ends_at", "-blocking_clauses", "is_firm", "id")


def with_usable(sources: QuerySet[AllocationSource], now: datetime) -> QuerySet[AllocationSource]:
    """`sources` with the figures and the obstacle that `usable_of` weighs, and what pages show of each."""
    terms = ComputeTerms.objects.filter(pledge=OuterRef("pledge")).order_by("-version")
    own = HoursAccount.objects.filter(source=OuterRef("pk"), kind=AccountKind.AVAILABLE)
    return sources.annotate(
        available=Coalesce(Subquery(own.values("balance")[:1]), 0),
        unallocated=_balances(AccountKind.UNALLOCATED),
        promised=_balances(AccountKind.AVAILABLE, AccountKind.DEFERRED),
        held=_balances(AccountKind.HELD),
        captured=_captured_in_month(now),
        over_commit=Coalesce(Subquery(terms.values("over_commit_percent")[:1]), 100),
        monthly_cap=Subquery(terms.values("monthly_cap")[:1]),
        obstacle=_obstacle(now),
    ).select_related("allocation__project", "pledge__donor", "pledge__supply__type", "pledge__supply__provider")


def _aggregate(rows: QuerySet[Any], aggregate: Sum | Count) -> Subquery:
    return Subquery(rows.order_by().values("pledge").annotate(found=aggregate).values("found"))


def _balances(*kinds: AccountKind) -> Coalesce:
    accounts = HoursAccount.objects.filter(pledge=OuterRef("pledge"), kind__in=kinds)
    return Coalesce(_aggregate(accounts, Sum("balance")), 0, output_field=BigIntegerField())


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The UTC month that `now` lies in, as a half-open interval."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=32)).replace(day=1)


def _captured_in_month(now: datetime) -> Coalesce:
    start, end = month_of(now)
    days = HoursDay.objects.filter(
        account__pledge=OuterRef("pledge"),
        account__kind__in=[AccountKind.SPENT, AccountKind.LOST],
        day__gte=start.date(),
        day__lt=end.date(),
    )
    total = days.order_by().values("account__pledge").annotate(found=Sum("quantity")).values("found")
    return Coalesce(Subquery(total), 0, output_field=BigIntegerField())


def _obstacle(now: datetime) -> Case:
    """Why nothing may be held whatever is left, the first reason that applies; "" without one."""
    overdue = Obligation.objects.filter(
        pledge=OuterRef("pledge"),
        subject=OuterRef("allocation__project__public_id"),
        status__in=OPEN_DUTIES,
        due_on__lt=(now - OVERDUE).date(),
    )
    up = Supply.objects.filter(
        pledge=OuterRef("pledge"), provider__status=ProviderStatus.ACTIVE, clusters__status=ClusterStatus.UP
    )
    ended = Q(ends_at__lte=now) | Q(allocation__ends_at__lte=now)
    cases: list[tuple[UnusableReason, Any]] = [
        (UnusableReason.ALLOCATION_FROZEN, Q(allocation__status=AllocationStatus.FROZEN)),
        (
            UnusableReason.NOT_STARTED,
            Q(starts_at__gt=now)
            | Q(allocation__starts_at__gt=now)
            | Q(pledge__window_starts_at__gt=now)
            | Q(pledge__status__in=[PledgeStatus.OFFERED, PledgeStatus.ACCEPTED]),
        ),
        (
            UnusableReason.ENDED,
            ended | Q(allocation__status__in=[AllocationStatus.REVOKED, AllocationStatus.CLOSED]),
        ),
        (UnusableReason.PLEDGE_SUSPENDED, Q(pledge__status=PledgeStatus.SUSPENDED)),
        (UnusableReason.PLEDGE_WITHDRAWN, Q(pledge__status=PledgeStatus.WITHDRAWN)),
        (UnusableReason.PLEDGE_ENDED, Q(pledge__status=PledgeStatus.CLOSED) | Q(pledge__window_ends_at__lte=now)),
        (UnusableReason.SOURCE_LOCKED, ~Q(locked_reason="")),
        (UnusableReason.OBLIGATION_OVERDUE, Exists(overdue)),
        (UnusableReason.CLUSTER_DOWN, ~Exists(up)),
    ]
    whens = [When(condition, then=Value(reason.value)) for reason, condition in cases]
    return Case(*whens, default=Value(""), output_field=CharField())
