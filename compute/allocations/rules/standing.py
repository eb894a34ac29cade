"""How things stand: what may be used now with every reason, and what a request could draw on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from compute.allocations.enums import AllocationStatus, UnusableReason
from compute.allocations.models import Allocation, AllocationSource, Project
from compute.allocations.queries import (
    SourceBalances,
    Usable,
    balances_of_sources,
    in_draw_order,
    usable_of,
    with_usable,
)
from compute.allocations.rules.clauses import Clause, Declaration, FailingClause, failing_clauses
from compute.allocations.rules.holding import clauses_of, declaration_of
from compute.capacity.models import AcceleratorType
from grants.funding.enums import PledgeStatus
from grants.funding.models import Pledge

MOST_ALLOCATIONS = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """One source: its figures, what may be held of it now, its pledge's clauses and those that fail."""

    source: AllocationSource
    balances: SourceBalances
    usable: Usable
    clauses: Sequence[Clause]
    failing: Sequence[FailingClause]


def standing_of(allocation: Allocation, now: datetime) -> list[Standing]:
    """Every source of an allocation in draw order; four statements whatever the basket holds."""
    rows = list(in_draw_order(with_usable(allocation.sources.all(), now)))
    return _standing(rows, {allocation.pk: declaration_of(allocation.project, allocation.request)})


def standing_of_project(project: Project, now: datetime) -> tuple[list[Standing], bool]:
    """Every source of a project's newest open allocations, newest first, then in draw order; and whether there are
    more than `MOST_ALLOCATIONS`, so that the older ones are not in it."""
    open_ones = Allocation.objects.filter(
        project=project, status__in=[AllocationStatus.ACTIVE, AllocationStatus.FROZEN]
    ).order_by("-id")
    newest = list(open_ones.values_list("pk", flat=True)[: MOST_ALLOCATIONS + 1])
    sources = AllocationSource.objects.filter(allocation__in=newest[:MOST_ALLOCATIONS])
    rows = sorted(
        in_draw_order(with_usable(sources.select_related("allocation__request"), now)),
        key=lambda row: -row.allocation_id,
    )
    declared = {row.allocation_id: declaration_of(project, row.allocation.request) for row in rows}
    return _standing(rows, declared), len(newest) > MOST_ALLOCATIONS


def _standing(rows: Sequence[AllocationSource], declared: Mapping[int, Declaration]) -> list[Standing]:
    clauses = clauses_of(row.pledge_id for row in rows)
    balances = balances_of_sources(row.pk for row in rows)
    found = []
    for row in rows:
        failing = failing_clauses(clauses[row.pledge_id], declared[row.allocation_id])
        usable = usable_of(row)
        if usable.reason is None and any(failure.is_blocking for failure in failing):
            usable = Usable(0, UnusableReason.CLAUSE)
        found.append(Standing(row, balances[row.pk], usable, clauses[row.pledge_id], failing))
    return found


@dataclass(slots=True)
class TypeStanding:
    """One accelerator type over several sources."""

    type: AcceleratorType
    usable: int = 0
    promised: int = 0
    held: int = 0
    spent: int = 0


def by_type(standing: Sequence[Standing]) -> list[TypeStanding]:
    """The sums of sources by accelerator type, by name."""
    found: dict[int, TypeStanding] = {}
    for row in standing:
        accelerator = row.source.pledge.supply.type
        sums = found.setdefault(accelerator.pk, TypeStanding(accelerator))
        sums.usable += row.usable.seconds
        sums.promised += row.balances.available + row.balances.deferred + row.balances.held
        sums.held += row.balances.held
        sums.spent += row.balances.spent
    return sorted(found.values(), key=lambda sums: sums.type.name)


class Asked(Protocol):
    """A line of a request as it is being written."""

    @property
    def type(self) -> AcceleratorType: ...


@dataclass(frozen=True, slots=True)
class Opening:
    """A pledge that runs on a type that is asked for, and the clauses that the request would fail."""

    pledge: Pledge
    type: AcceleratorType
    failing: Sequence[FailingClause]

    @property
    def is_open(self) -> bool:
        """True if no clause refuses."""
        return not any(failure.is_blocking for failure in self.failing)


def openings_for(
    project: Project, lines: Sequence[Asked], *, declared: Mapping[str, Any], now: datetime
) -> list[Opening]:
    """The active pledges that lines could draw on, those that fit first; three statements. Amounts left are no
    business of those who ask."""
    types = {line.type.pk for line in lines}
    pledges = Pledge.objects.filter(
        status=PledgeStatus.ACTIVE, window_ends_at__gt=now, supply__type_id__in=types
    ).select_related("donor", "supply__type")
    clauses = clauses_of(pledge.pk for pledge in pledges)
    declaration = _declaration(project, declared)
    openings = [
        Opening(pledge, pledge.supply.type, failing_clauses(clauses[pledge.pk], declaration)) for pledge in pledges
    ]
    return sorted(openings, key=lambda opening: (not opening.is_open, opening.pledge.title))


def _declaration(project: Project, declared: Mapping[str, Any]) -> Declaration:
    base = declaration_of(project)
    return Declaration(
        fields=base.fields,
        project=base.project,
        licence=declared.get("output_licence") or None,
        data_class=base.data_class,
        purpose=base.purpose,
        accepts_publishing=declared.get("accepts_publishing"),
    )
