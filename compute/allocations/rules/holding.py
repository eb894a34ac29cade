"""Which sources pay for a job: the plan that a quote shows and a hold then carries out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compute.allocations.enums import DataClass, Purpose, UnusableReason
from compute.allocations.models import Allocation, AllocationSource, Project, Request
from compute.allocations.queries import in_draw_order, parts_of_job, usable_of, with_usable
from compute.allocations.rules.clauses import Clause, Declaration, FailingClause, clause_of, failing_clauses
from compute.capacity.models import AcceleratorType
from grants.funding.enums import ServiceClass
from grants.funding.models import Restriction
from institute.core.errors import DomainError, Exhausted, Refused
from institute.core.ui.formats import hours_text

PAST_END = gettext_lazy("the job could run past the end of the pledge")
PREEMPTIBLE = gettext_lazy("it may be taken away and the job cannot be interrupted")


@dataclass(frozen=True, slots=True)
class HoldNeed:
    """What a job asks for: `quantity` accelerator-seconds of `type` (None: the allocation has only one).

    `wall_ends_at` is the latest instant at which it could still run; `declaration` says what the clauses are
    weighed against (None: what project and request declare).
    """

    quantity: int
    type: AcceleratorType | None = None
    wall_ends_at: datetime | None = None
    declaration: Declaration | None = None
    is_interruptible: bool = False


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """What one source would hold."""

    source: AllocationSource
    quantity: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A source that cannot pay, and why."""

    source: AllocationSource
    reason: str | Promise
    clause: FailingClause | None = None

    def __str__(self) -> str:
        return f"{self.source.pledge.title}: {self.clause or self.reason}"


@dataclass(frozen=True, slots=True)
class HoldPlan:
    """The parts in draw order; empty if the hold would be refused, as `refusal` then says."""

    need: HoldNeed
    usable: int
    parts: Sequence[PlannedPart] = ()
    skipped: Sequence[Skipped] = ()
    warnings: Sequence[FailingClause] = field(default_factory=list)

    @property
    def short(self) -> int:
        """How many accelerator-seconds are missing."""
        return max(0, self.need.quantity - self.usable)

    @property
    def refusal(self) -> DomainError | None:
        """Why the hold is refused, with the figures or the clause and the way out; None if it is not."""
        if self.parts:
            return None
        clauses = [skipped.clause for skipped in self.skipped if skipped.clause]
        if clauses and self.usable == 0:
            return Refused(str(clauses[0]), rule="clause", way_out=clauses[0].way_out)
        figures = {
            "needed": hours_text(self.need.quantity, self.need.type),
            "usable": hours_text(self.usable, self.need.type),
            "short": hours_text(self.short, self.need.type),
        }
        message = _("Needs %(needed)s; %(usable)s can be used now, %(short)s are missing.") % figures
        reasons = " ".join(str(skipped).removesuffix(".") + "." for skipped in self.skipped)  # a clause ends with one
        return Exhausted(
            f"{message} {reasons}".strip(),
            rule="hours",
            way_out=_("Ask for a supplement, or for less time or fewer accelerators."),
        )


def declaration_of(project: Project, request: Request | None = None) -> Declaration:
    """What a project, and a request of it, declare."""
    return Declaration(
        fields=frozenset(project.fields),
        project=project.handle,
        licence=request.output_licence if request and request.output_licence else None,
        data_class=DataClass(project.data_class),
        purpose=Purpose(project.purpose),
        accepts_publishing=request.accepts_publishing if request else None,
    )


def clauses_of(pledge_ids: Iterable[int]) -> dict[int, list[Clause]]:
    """The clauses of each pledge in their order, in one statement."""
    found: dict[int, list[Clause]] = {key: [] for key in pledge_ids}
    restrictions = Restriction.objects.filter(pledge_id__in=found).select_related("pledge")
    for restriction in restrictions.order_by("pledge_id", "clause_no"):
        found[restriction.pledge_id].append(clause_of(restriction))
    return found


def plan_hold(*, allocation: Allocation, need: HoldNeed, now: datetime, job_id: str = "") -> HoldPlan:
    """Who would pay, in draw order, from sources of one provider, type and service class.

    With `job_id`, a top-up: only from where the job already holds. Three statements whatever the basket holds.
    """
    rows = list(in_draw_order(with_usable(allocation.sources.all(), now)))
    if need.type is not None:
        rows = [row for row in rows if row.pledge.supply.type_id == need.type.pk]
    declaration = need.declaration or declaration_of(allocation.project, allocation.request)
    clauses = clauses_of(row.pledge_id for row in rows)
    candidates: list[AllocationSource] = []
    skipped: list[Skipped] = []
    warnings: list[FailingClause] = []
    for row in rows:
        failing = failing_clauses(clauses[row.pledge_id], declaration)
        why = _obstacle(row, need, [failure for failure in failing if failure.is_blocking])
        if why is None:
            candidates.append(row)
            warnings += failing
        else:
            skipped.append(why)
    bound = {part.source_id for part in parts_of_job(job_id)} if job_id else set()
    return _fill(need, _groups(candidates, rows, bound), skipped, warnings)


def _obstacle(row: AllocationSource, need: HoldNeed, failing: Sequence[FailingClause]) -> Skipped | None:
    if failing:
        return Skipped(row, UnusableReason.CLAUSE.label, failing[0])
    if reason := usable_of(row).reason:
        return Skipped(row, reason.label)
    if need.wall_ends_at is not None and need.wall_ends_at > row.pledge.window_ends_at:
        return Skipped(row, PAST_END)
    if row.pledge.supply.service_class == ServiceClass.PREEMPTIBLE and not need.is_interruptible:
        return Skipped(row, PREEMPTIBLE)
    return None


def _kinship(row: AllocationSource) -> tuple[int, int, str]:
    supply = row.pledge.supply
    return supply.provider_id, supply.type_id, supply.service_class


def _groups(
    candidates: Sequence[AllocationSource], rows: Sequence[AllocationSource], bound: set[int]
) -> list[list[AllocationSource]]:
    """Candidates that may share a hold, in draw order of their first."""
    groups: dict[tuple[int, int, str], list[AllocationSource]] = {}
    kin = {_kinship(row) for row in rows if row.pk in bound}
    for row in candidates:
        if not kin or _kinship(row) in kin:
            groups.setdefault(_kinship(row), []).append(row)
    return list(groups.values())


def _fill(
    need: HoldNeed,
    groups: Sequence[Sequence[AllocationSource]],
    skipped: Sequence[Skipped],
    warnings: Sequence[FailingClause],
) -> HoldPlan:
    most = 0
    for group in groups:
        usable = sum(usable_of(row).seconds for row in group)
        most = max(most, usable)
        if usable >= need.quantity:
            return HoldPlan(need, usable, _split(need.quantity, group), skipped, warnings)
    return HoldPlan(need, most, (), skipped, warnings)


def _split(quantity: int, group: Sequence[AllocationSource]) -> list[PlannedPart]:
    parts = []
    for row in group:
        share = min(quantity, usable_of(row).seconds)
        if share:
            parts.append(PlannedPart(row, share))
        quantity -= share
    return parts
