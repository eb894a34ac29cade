"""Figures of the hours ledger. Pages, exports and statements use only these."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import Allocation, AllocationSource, HoursAccount, HoursLine, HoursTransaction
from grants.donors.queries import public_donors
from grants.funding.models import Pledge
from grants.funding.queries import current_terms
from institute.core.subqueries import aggregate_of


@dataclass(frozen=True, slots=True)
class PledgeBalances:
    """Accelerator-seconds of one pledge. `promised` is what was awarded and is not yet used."""

    deposited: int = 0
    unallocated: int = 0
    overhead: int = 0
    lapsed: int = 0
    withdrawn: int = 0
    available: int = 0
    deferred: int = 0
    held: int = 0
    spent: int = 0
    lost: int = 0

    @property
    def promised(self) -> int:
        """Awarded to projects and still theirs to use."""
        return self.available + self.deferred + self.held

    @property
    def consumed(self) -> int:
        """Used up, whether it led to something or was lost."""
        return self.spent + self.lost + self.overhead

    @property
    def physically_left(self) -> int:
        """What the machines can still give."""
        return self.unallocated + self.available + self.deferred


@dataclass(frozen=True, slots=True)
class SourceBalances:
    """Accelerator-seconds of one source; `awarded` is the sum of its awards."""

    awarded: int = 0
    available: int = 0
    deferred: int = 0
    held: int = 0
    spent: int = 0
    lost: int = 0

    def __add__(self, other: "SourceBalances") -> "SourceBalances":
        return SourceBalances(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def balances_of_pledges(pledges: Iterable[Pledge]) -> dict[int, PledgeBalances]:
    """Balances by pledge key, in one statement; zeros for a pledge without hours."""
    found: dict[int, dict[str, int]] = {pledge.pk: {} for pledge in pledges}
    rows = HoursAccount.objects.filter(pledge_id__in=found).values("pledge_id", "kind").annotate(total=Sum("balance"))
    for row in rows:
        found[row["pledge_id"]][row["kind"]] = row["total"]
    return {key: _pledge_balances(kinds) for key, kinds in found.items()}


def balances_of_pledge(pledge: Pledge) -> PledgeBalances:
    """Balances of one pledge."""
    return balances_of_pledges([pledge])[pledge.pk]


def _pledge_balances(kinds: dict[str, int]) -> PledgeBalances:
    deposited = -kinds.pop(AccountKind.PLEDGED, 0)
    return PledgeBalances(deposited=deposited, **kinds)


def balances_of_sources(source_ids: Iterable[int]) -> dict[int, SourceBalances]:
    """Balances by source key, in one statement."""
    found: dict[int, Counter[str]] = {key: Counter() for key in source_ids}
    awards = HoursLine.objects.filter(account=OuterRef("pk"), transaction__kind=HoursKind.AWARD)
    total = aggregate_of(awards, "account", Sum("quantity"))
    accounts = HoursAccount.objects.filter(source_id__in=found).annotate(awarded=Coalesce(total, 0))
    for source, kind, balance, awarded in accounts.values_list("source_id", "kind", "balance", "awarded"):
        found[source][kind] = balance
        found[source]["awarded"] += awarded
    return {key: SourceBalances(**kinds) for key, kinds in found.items()}


def balances_of_allocation(allocation: Allocation) -> SourceBalances:
    """The sums over all sources of an allocation."""
    sources = balances_of_sources(allocation.sources.values_list("pk", flat=True))
    return sum(sources.values(), SourceBalances())


def headroom_of(pledge: Pledge) -> int:
    """What may still be awarded of a pledge, its reserve set aside; never below 0."""
    terms, balances = current_terms(pledge), balances_of_pledge(pledge)
    return max(0, headroom(balances, terms.over_commit_percent) - reserve(balances, terms.reserve_percent))


def headroom(balances: PledgeBalances, over_commit_percent: int) -> int:
    """What the books may still promise: unallocated plus what over-commitment allows."""
    return balances.unallocated + balances.deposited * (over_commit_percent - 100) // 100


def reserve(balances: PledgeBalances, reserve_percent: int) -> int:
    """What is kept back for overhead and refunds, rounded up."""
    return -(-balances.deposited * reserve_percent // 100)


@dataclass(frozen=True, slots=True)
class JobPart:
    """What one source holds and has paid for one job."""

    source_id: int
    pledge_id: int
    held: int
    spent: int
    lost: int


def parts_of_job(job_id: str) -> list[JobPart]:
    """The sources that paid for a job, in the order in which they were drawn on."""
    sums = {
        kind.value: Sum("quantity", filter=Q(account__kind=kind), default=0)
        for kind in (AccountKind.HELD, AccountKind.SPENT, AccountKind.LOST)
    }
    rows = (
        HoursLine.objects.filter(transaction__subject=job_id, account__source__isnull=False)
        .values("account__source_id", "account__pledge_id")
        .annotate(first=Min("transaction_id"), **sums)
        .order_by("first", "account__source_id")
    )
    return [
        JobPart(
            source_id=row["account__source_id"],
            pledge_id=row["account__pledge_id"],
            held=row["held"],
            spent=row["spent"],
            lost=row["lost"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What one pledge holds, paid and lost for a job; its donor comes with `may_be_named`."""

    pledge: Pledge
    part: JobPart


def paid_parts_of_job(job_id: str) -> list[PaidPart]:
    """`parts_of_job` with the pledges and donors behind them, in one statement."""
    sums = {
        kind.value: Sum("hours_accounts__lines__quantity", filter=Q(hours_accounts__kind=kind), default=0)
        for kind in (AccountKind.HELD, AccountKind.SPENT, AccountKind.LOST)
    }
    rows: QuerySet[Any] = (
        AllocationSource.objects.filter(hours_accounts__lines__transaction__subject=job_id)
        .select_related("pledge__donor")
        .annotate(
            first=Min("hours_accounts__lines__transaction_id"),
            may_be_named=Exists(public_donors().filter(pk=OuterRef("pledge__donor"))),
            **sums,
        )
        .order_by("first", "id")
    )
    return [_paid_part(row) for row in rows]


def _paid_part(source: Any) -> PaidPart:
    """From a source with its sums."""
    source.pledge.donor.may_be_named = source.may_be_named  # as donors.queries annotates it
    return PaidPart(source.pledge, JobPart(source.pk, source.pledge_id, source.held, source.spent, source.lost))


def held_of_job(job_id: str) -> int:
    """Accelerator-seconds that are held for a job."""
    return sum(part.held for part in parts_of_job(job_id))


def payers_of_job(job_id: str) -> list[tuple[Pledge, int]]:
    """The pledges that paid for a job with the seconds they spent on it (lost ones not counted), in draw order."""
    parts = [part for part in parts_of_job(job_id) if part.spent]
    pledges = Pledge.objects.select_related("donor").in_bulk([part.pledge_id for part in parts])
    return [(pledges[part.pledge_id], part.spent) for part in parts]


def pledges_holding_for_job(job_id: str) -> list[tuple[Pledge, int]]:
    """The pledges that hold hours for a job with the seconds they hold, in draw order."""
    parts = [part for part in parts_of_job(job_id) if part.held]
    pledges = Pledge.objects.select_related("donor").in_bulk([part.pledge_id for part in parts])
    return [(pledges[part.pledge_id], part.held) for part in parts]


@dataclass(frozen=True, slots=True)
class CapturedPart:
    """What one source paid for one attempt and has not lost again (losses at `except_fence` not counted)."""

    source_id: int
    pledge_id: int
    quantity: int


def captured_of_attempt(attempt_id: str, *, except_fence: str = "") -> list[CapturedPart]:
    """By source, the one that was captured from last first: the order in which refunds are given."""
    lines = HoursLine.objects.filter(transaction__attempt=attempt_id, account__kind=AccountKind.SPENT)
    if except_fence:
        own = f"{HoursKind.LOSS.value}:{attempt_id}:{except_fence}:"
        lines = lines.exclude(transaction__idempotency_key__startswith=own)
    captures = Q(transaction__kind=HoursKind.CAPTURE)
    rows = (
        lines.values("account__source_id", "account__pledge_id")
        .annotate(total=Sum("quantity"), last=Max("transaction_id", filter=captures))
        .order_by("-last")
    )
    return [CapturedPart(row["account__source_id"], row["account__pledge_id"], row["total"]) for row in rows]


def job_of_attempt(attempt_id: str) -> str:
    """The job whose hours an attempt captured, "" if it captured none."""
    return (
        HoursTransaction.objects.filter(attempt=attempt_id).order_by("id").values_list("subject", flat=True).first()
        or ""
    )


def captured_of_attempts(attempt_ids: Iterable[str]) -> dict[str, int]:
    """Accelerator-seconds captured for each attempt, losses not subtracted: what the slices must equal."""
    rows = (
        HoursLine.objects.filter(
            transaction__attempt__in=list(attempt_ids),
            transaction__kind=HoursKind.CAPTURE,
            account__kind=AccountKind.SPENT,
        )
        .values("transaction__attempt")
        .annotate(total=Sum("quantity"))
    )
    return {row["transaction__attempt"]: row["total"] for row in rows}


def transactions_of_pledge(pledge: Pledge) -> QuerySet[HoursTransaction]:
    """The movements of a pledge, newest first."""
    return HoursTransaction.objects.filter(pledge=pledge).order_by("-id")
