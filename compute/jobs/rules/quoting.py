"""What a person learns before submitting: cost, hold, who pays, when it starts, and every refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compute.allocations.models import Allocation
from compute.allocations.rules import FailingClause
from compute.capacity.enums import ClusterStatus
from compute.capacity.models import AcceleratorType
from compute.jobs.enums import ATTEMPT_OPEN, AttemptStatus
from compute.jobs.models import Attempt
from compute.jobs.rules.submission import Checked, Demand, Objection, check, clusters_of, objection_of
from compute.recipes.base import Recipe
from grants.funding.models import Pledge
from institute.people.models import User


@dataclass(frozen=True, slots=True)
class QuotedPart:
    """What one pledge would hold."""

    pledge: Pledge
    seconds: int


@dataclass(frozen=True, slots=True)
class Quote:
    """An answer for these inputs at this moment; amounts are accelerator-seconds of `type`."""

    refusals: Sequence[Objection]
    warnings: Sequence[FailingClause] = ()
    type: AcceleratorType | None = None
    cost_seconds: int = 0
    basis: str = ""
    hold_seconds: int = 0
    parts: Sequence[QuotedPart] = ()
    starts: str = ""

    @property
    def is_possible(self) -> bool:
        """Submitting now would succeed, once the warnings are ticked."""
        return not self.refusals


def quote(
    *, allocation: Allocation, recipe: Recipe, values: Mapping[str, Any], user: User | None, now: datetime
) -> Quote:
    """What submitting `values` (raw or clean) would cost `user` and hold; nothing is written."""
    cleaned = recipe.clean(values)
    if cleaned.refusals:
        return Quote([objection_of(refusal) for refusal in cleaned.refusals])
    checked = check(allocation=allocation, recipe=recipe, values=cleaned.values, user=user, now=now)
    return _quote_of(checked)


def _quote_of(checked: Checked) -> Quote:
    demand = checked.demand
    if demand is None:
        return Quote(checked.objections)
    return Quote(
        refusals=checked.objections,
        warnings=checked.warnings,
        type=demand.type,
        cost_seconds=demand.cost_seconds,
        basis=demand.basis,
        hold_seconds=demand.hold_seconds,
        parts=[QuotedPart(part.source.pledge, part.quantity) for part in demand.plan.parts],
        starts=earliest_start(demand) if demand.plan.parts else "",
    )


def earliest_start(demand: Demand) -> str:
    """When it would start, as far as anybody can know."""
    up = [cluster for cluster in clusters_of(demand) if cluster.status == ClusterStatus.UP]
    if not up:
        return _("When a cluster takes jobs again.")
    used = Attempt.objects.filter(status__in=ATTEMPT_OPEN, cluster__in=up).aggregate(total=Sum("job__accelerators"))
    free = sum(cluster.accelerators for cluster in up) - (used["total"] or 0)
    ahead = Attempt.objects.filter(
        status=AttemptStatus.PLANNED, cluster__isnull=True, job__accelerator_type=demand.type
    ).count()
    if ahead == 0 and free >= demand.resources.accelerators:
        return _("Now: a host is free.")
    if ahead == 0:
        return _("As soon as a host is free; no other job waits.")
    return ngettext(
        "As soon as a host is free; %(number)d job waits before it.",
        "As soon as a host is free; %(number)d jobs wait before it.",
        ahead,
    ) % {"number": ahead}
