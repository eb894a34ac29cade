"""What of a source may be held now, computed with its reason from one statement, never stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateTimeField,
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
from django.db.models.functions import Coalesce, JSONObject

from compute.allocations.enums import AccountKind, AllocationStatus, UnusableReason
from compute.allocations.models import Allocation, AllocationSource, HoursAccount, HoursDay
from compute.capacity.enums import ClusterStatus, ProviderStatus
from compute.capacity.models import Supply
from grants.funding.enums import Enforcement, PledgeStatus, ServiceClass
from grants.funding.models import ComputeTerms, Obligation, Restriction
from grants.funding.queries import OPEN_DUTIES
from institute.core.subqueries import aggregate_of

OVERDUE = timedelta(days=30)
NO_LIMIT = 2**62
NO_LIMITS: dict[str, Any] = {"over_commit": 100, "monthly_cap": None}
NO_BOOKS = {"unallocated": 0, "promised": 0, "held": 0}


def _balance(*kinds: AccountKind) -> Sum:
    return Sum("balance", filter=Q(kind__in=kinds), default=0)


# Balances of a whole pledge in one object: one reading of its accounts.
BOOKS = JSONObject(
    unallocated=_balance(AccountKind.UNALLOCATED),
    promised=_balance(AccountKind.AVAILABLE, AccountKind.DEFERRED),
    held=_balance(AccountKind.HELD),
)


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
    if obstacle := _obstacle(source):
        return Usable(0, obstacle)
    books, limits = figures.books or NO_BOOKS, figures.limits or NO_LIMITS
    cap = limits["monthly_cap"]
    cap_left = NO_LIMIT if cap is None else cap - figures.captured - books["held"]
    if cap_left <= 0:
        return Usable(0, UnusableReason.CAP_REACHED)
    is_thin = limits["over_commit"] > 100 or books["unallocated"] < 0
    left = books["unallocated"] + books["promised"] if is_thin else NO_LIMIT
    limit = min(figures.available, cap_left, left)
    return Usable(limit) if limit > 0 else Usable(0, UnusableReason.NOTHING_LEFT)


def usable_of_allocation(allocation: Allocation, now: datetime) -> list[tuple[AllocationSource, Usable]]:
    """Each source of an allocation in draw order with what may be held of it."""
    return [(source, usable_of(source)) for source in in_draw_order(with_usable(allocation.sources.all(), now))]


def in_draw_order(sources: QuerySet[AllocationSource]) -> QuerySet[AllocationSource]:
    """Rank, then soonest end, then most blocking clauses, then preemptible first, then id."""
    blocking = Restriction.objects.filter(pledge=OuterRef("pledge"), enforcement=Enforcement.BLOCK)
    return sources.annotate(
        blocking_clauses=Coalesce(aggregate_of(blocking, "pledge", Count("pk")), 0),
        is_firm=Case(When(pledge__supply__service_class=ServiceClass.PREEMPTIBLE, then=0), default=1),
    ).order_by(F("draw_rank").asc(nulls_last=True), "ends_at", "-blocking_clauses", "is_firm", "id")


def with_usable(sources: QuerySet[AllocationSource], now: datetime) -> QuerySet[AllocationSource]:
    """`sources` with the figures that `usable_of` weighs, and what pages show of each."""
    terms = ComputeTerms.objects.filter(pledge=OuterRef("pledge")).order_by("-version")
    limits = JSONObject(over_commit="over_commit_percent", monthly_cap="monthly_cap")
    own = HoursAccount.objects.filter(source=OuterRef("pk"), kind=AccountKind.AVAILABLE)
    return sources.annotate(
        available=Coalesce(Subquery(own.values("balance")[:1]), 0),
        books=aggregate_of(HoursAccount.objects.filter(pledge=OuterRef("pledge")), "pledge", BOOKS),
        captured=_captured_in_month(now),
        limits=Subquery(terms.values(found=limits)[:1]),
        asked_at=Value(now, output_field=DateTimeField()),
        **_exists(now),
    ).select_related("allocation__project", "pledge__donor", "pledge__supply__type", "pledge__supply__provider")


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
    total = aggregate_of(days, "account__pledge", Sum("quantity"))
    return Coalesce(total, 0, output_field=BigIntegerField())


def _exists(now: datetime) -> dict[str, Exists]:
    """Rows elsewhere that stand in the way, or must be there."""
    overdue = Obligation.objects.filter(
        pledge=OuterRef("pledge"),
        subject=OuterRef("allocation__project__public_id"),
        status__in=OPEN_DUTIES,
        due_on__lt=(now - OVERDUE).date(),
    )
    up = Supply.objects.filter(
        pledge=OuterRef("pledge"), provider__status=ProviderStatus.ACTIVE, clusters__status=ClusterStatus.UP
    )
    return {"is_overdue": Exists(overdue), "is_up": Exists(up)}


def _obstacle(source: AllocationSource) -> UnusableReason | None:
    """Why nothing may be held whatever is left, the first reason that applies."""
    figures: Any = source  # its annotations
    now, allocation, pledge = figures.asked_at, source.allocation, source.pledge
    starts = max(source.starts_at, allocation.starts_at, pledge.window_starts_at)
    reasons = {
        UnusableReason.ALLOCATION_FROZEN: allocation.status == AllocationStatus.FROZEN,
        UnusableReason.NOT_STARTED: starts > now or pledge.status in {PledgeStatus.OFFERED, PledgeStatus.ACCEPTED},
        UnusableReason.ENDED: min(source.ends_at, allocation.ends_at) <= now
        or allocation.status in {AllocationStatus.REVOKED, AllocationStatus.CLOSED},
        UnusableReason.PLEDGE_SUSPENDED: pledge.status == PledgeStatus.SUSPENDED,
        UnusableReason.PLEDGE_WITHDRAWN: pledge.status == PledgeStatus.WITHDRAWN,
        UnusableReason.PLEDGE_ENDED: pledge.status == PledgeStatus.CLOSED or pledge.window_ends_at <= now,
        UnusableReason.SOURCE_LOCKED: source.locked_reason != "",
        UnusableReason.OBLIGATION_OVERDUE: figures.is_overdue,
        UnusableReason.CLUSTER_DOWN: not figures.is_up,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)
