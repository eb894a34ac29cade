"""Whether a job may be submitted as asked: every reason at once, each with its field and a way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from compute.allocations.enums import ProjectStatus
from compute.allocations.models import Allocation, Project
from compute.allocations.rules import FailingClause, HoldNeed, HoldPlan, declaration_of, plan_hold
from compute.capacity.enums import ClusterStatus
from compute.capacity.models import AcceleratorType, Cluster
from compute.jobs.ports import inputs_port
from compute.recipes.base import Accelerator, Recipe, Refusal, Resources
from compute.recipes.fields import FieldType
from institute.core.errors import NotFound
from institute.people.models import User

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason against a job; `field` is the form's or JSON's field, "" for the job as a whole."""

    field: str
    message: str
    way_out: str = ""
    rule: str = "refused"

    def __str__(self) -> str:
        return f"{self.message} {self.way_out}".strip()


@dataclass(frozen=True, slots=True)
class Demand:
    """What a job would be: everything that follows from recipe, values and allocation."""

    recipe: Recipe
    values: Mapping[str, Any]
    resources: Resources
    type: AcceleratorType
    cost_seconds: int
    basis: str
    wall_limit_s: int
    hold_seconds: int
    plan: HoldPlan


@dataclass(frozen=True, slots=True)
class Checked:
    """The objections, and the demand as far as it can be known."""

    objections: Sequence[Objection]
    demand: Demand | None = None

    @property
    def warnings(self) -> Sequence[FailingClause]:
        """Clauses that warn: they want a recorded tick."""
        return self.demand.plan.warnings if self.demand else ()


def objection_of(refusal: Refusal) -> Objection:
    """A recipe's refusal in the reader's language."""
    said = refusal.translated(_)
    return Objection(said.field, said.rule, said.way_out, "recipe")


def types_of(allocation: Allocation) -> QuerySet[AcceleratorType]:
    """The accelerator types that an allocation's sources give."""
    return AcceleratorType.objects.filter(supplies__pledge__allocation_sources__allocation=allocation).distinct()


def check(
    *, allocation: Allocation, recipe: Recipe, values: Mapping[str, Any], user: User | None, now: datetime
) -> Checked:
    """Every objection to clean `values` of `user`; the demand whenever recipe and allocation fit at all."""
    objections = _about_project(allocation.project)
    about_references = _about_use(recipe, values, user)
    facts: dict[str, Mapping[str, Any]] = {}
    if not about_references:
        facts, about_references = facts_of(recipe, values)
    objections += about_references
    if not about_references:
        objections += [objection_of(refusal) for refusal in recipe.check(values, facts)]
    resources = recipe.resources(values)
    chosen, about_type = _type(allocation, resources)
    if chosen is None:
        return Checked([*objections, *about_type])
    demand = _demand(allocation, recipe, values, resources, chosen, now)
    objections += _about_clusters(demand)
    if refusal := demand.plan.refusal:
        objections.append(Objection("allocation", str(refusal.message), str(refusal.way_out), refusal.rule))
    return Checked(objections, demand)


def facts_of(recipe: Recipe, values: Mapping[str, Any]) -> tuple[dict[str, Mapping[str, Any]], list[Objection]]:
    """What the catalogue knows of each reference that the inputs name."""
    facts: dict[str, Mapping[str, Any]] = {}
    objections = []
    for declared in recipe.reference_fields:
        reference = values.get(declared.name)
        if not reference:
            continue
        try:
            facts[declared.name] = inputs_port().facts(reference)
        except NotFound as error:
            objections.append(Objection(declared.name, str(error.message), _("Choose another one."), "reference"))
    return facts, objections


def kind_of(field_type: FieldType) -> str:
    """How the catalogue calls what a field of this type takes."""
    return "model" if field_type is FieldType.MODEL else "dataset"


def _about_use(recipe: Recipe, values: Mapping[str, Any], user: User | None) -> list[Objection]:
    """References name what the person may use: others do not exist for them."""
    found = []
    for declared in recipe.reference_fields:
        reference = values.get(declared.name)
        if not reference:
            continue
        if user is None or not inputs_port().is_usable(user, kind_of(declared.type), reference):
            message = _("There is no “%(reference)s” that you may use.") % {"reference": reference}
            found.append(Objection(declared.name, message, _("Pick one from the list."), "reference"))
    return found


def _about_project(project: Project) -> list[Objection]:
    if project.status == ProjectStatus.ACTIVE:
        return []
    return [Objection("", _("The project is not active."), _("Ask operations to open it."), "project")]


def _type(allocation: Allocation, resources: Resources) -> tuple[AcceleratorType | None, list[Objection]]:
    given = list(types_of(allocation).order_by("pk"))
    fitting = [each for each in given if not resources.accelerator_types or each.slug in resources.accelerator_types]
    if fitting:
        return fitting[0], []
    names = ", ".join(each.name for each in given) or _("nothing")
    message = _("This recipe does not run on what the allocation gives: %(types)s.") % {"types": names}
    return None, [Objection("allocation", message, _("Choose another allocation or recipe."), "accelerator-type")]


def _demand(
    allocation: Allocation,
    recipe: Recipe,
    values: Mapping[str, Any],
    resources: Resources,
    chosen: AcceleratorType,
    now: datetime,
) -> Demand:
    accelerator = Accelerator(
        name=chosen.name, peak_flops=chosen.peak_flops, memory_bytes=chosen.memory_gib * GIB or None
    )
    estimate = recipe.estimate(values, accelerator)
    wall_limit_s = int(values["wall_limit_minutes"]) * 60
    hold_seconds = resources.accelerators * wall_limit_s * (1 + int(values["retries"]))
    declaration = declaration_of(allocation.project, allocation.request)
    if values["licence"]:
        declaration = replace(declaration, licence=values["licence"])
    need = HoldNeed(
        quantity=hold_seconds,
        type=chosen,
        wall_ends_at=now + timedelta(seconds=wall_limit_s),
        declaration=declaration,
        is_interruptible=resources.interruptible,
    )
    return Demand(
        recipe=recipe,
        values=values,
        resources=resources,
        type=chosen,
        cost_seconds=estimate.accelerator_seconds,
        basis=estimate.basis,
        wall_limit_s=wall_limit_s,
        hold_seconds=hold_seconds,
        plan=plan_hold(allocation=allocation, need=need, now=now),
    )


def clusters_of(demand: Demand) -> QuerySet[Cluster]:
    """The clusters that the paying pledges feed with accelerators of the type; none while nobody would pay."""
    pledges = [part.source.pledge_id for part in demand.plan.parts]
    return Cluster.objects.filter(type=demand.type, supplies__pledge_id__in=pledges).distinct().order_by("pk")


def _about_clusters(demand: Demand) -> list[Objection]:
    clusters = [each for each in clusters_of(demand) if each.status != ClusterStatus.GONE]
    wanted = demand.resources.accelerators
    if not demand.plan.parts or any(each.accelerators >= wanted for each in clusters):
        return []
    most = max((each.accelerators for each in clusters), default=0)
    message = _("Needs %(wanted)d accelerators at once; the largest cluster has %(most)d.") % {
        "wanted": wanted,
        "most": most,
    }
    return [Objection("", message, _("Ask for fewer."), "cluster-size")]
