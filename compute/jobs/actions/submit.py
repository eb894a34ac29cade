from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.actions.holds import hold_hours
from compute.allocations.models import Allocation
from compute.allocations.rules import FailingClause
from compute.jobs.actions.endings import plan_attempt
from compute.jobs.enums import FileKind
from compute.jobs.events import JobSubmitted
from compute.jobs.models import Job, JobFile
from compute.jobs.ports import inputs_port
from compute.jobs.rules.submission import Demand, Objection, check, objection_of
from compute.recipes import registry
from compute.recipes.base import Recipe
from institute.core import audit, faults
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.ids import new_ulid
from institute.core.outbox import publish
from institute.core.states import record_change
from institute.people.queries import user_behind

NAME_LENGTH = 120


class JobRefused(Refused):
    """A job may not be submitted as asked; `objections` names every reason."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        first = objections[0]
        super().__init__(first.message, field=first.field or None, rule=first.rule, way_out=first.way_out)
        self.objections = list(objections)

    @property
    def errors(self) -> dict[str, list[str]]:
        """Every reason by its field; those that concern the job as a whole under ""."""
        found: dict[str, list[str]] = {}
        for objection in self.objections:
            found.setdefault(objection.field, []).append(str(objection))
        return found


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asks for, as it was said."""

    allocation: Allocation
    recipe: Recipe
    values: Mapping[str, Any]
    name: str
    accepted_warnings: frozenset[str]


def submit_job(
    *,
    allocation: Allocation,
    recipe: Recipe,
    values: Mapping[str, Any],
    name: str,
    by: Actor,
    accepted_warnings: Collection[str] = (),
    now: datetime | None = None,
) -> Job:
    """Hold the hours and write the job of the allocation's project with its first attempt: all of it or nothing.

    `values` may be raw. `accepted_warnings`: ids (`warning_id`) of the clauses that warn and were ticked.
    Raises JobRefused with every objection, Exhausted if another took the hours in between.
    """
    now = now or timezone.now()
    ask = Ask(allocation, recipe, values, name, frozenset(accepted_warnings))
    demand = _require_fit(ask, by, now)
    job_id = new_ulid()
    with transaction.atomic():
        hold_hours(allocation=allocation, job_id=job_id, n=0, need=demand.plan.need, by=by, now=now)
        faults.point("after-hold")
        job = _write_job(job_id, ask, demand, by, now)
        _write_inputs(job, recipe, by)
        plan_attempt(job, 1, next_check_at=now, now=now)
        details = {"recipe": recipe.name, "hold_seconds": demand.hold_seconds, "warnings": sorted(accepted_warnings)}
        audit.record(by=by, action="job.submit", subject=job, details=details)
        publish(JobSubmitted(job.public_id, job.project.public_id, recipe.name), subject=job.public_id, by=by)
    return job


def warning_id(failing: FailingClause) -> str:
    """By what a ticked warning is known: pledge and clause number."""
    return f"{failing.clause.pledge}#{failing.clause.clause_no}"


def _require_fit(ask: Ask, by: Actor, now: datetime) -> Demand:
    recipe, objections = ask.recipe, []
    if not ask.name.strip() or len(ask.name.strip()) > NAME_LENGTH or not ask.name.isprintable():
        objections.append(Objection("name", _("Give the job a name of at most 120 characters."), "", "name"))
    cleaned = recipe.clean(ask.values)
    objections += [objection_of(refusal) for refusal in cleaned.refusals]
    if cleaned.refusals:
        raise JobRefused(objections)
    user = user_behind(by)
    checked = check(allocation=ask.allocation, recipe=recipe, values=cleaned.values, user=user, now=now)
    objections += checked.objections
    objections += [
        Objection("accepted_warnings", str(failing), failing.way_out, "warning")
        for failing in checked.warnings
        if warning_id(failing) not in ask.accepted_warnings
    ]
    if objections or checked.demand is None:
        raise JobRefused(objections)
    return checked.demand


def _write_job(job_id: str, ask: Ask, demand: Demand, by: Actor, now: datetime) -> Job:
    recipe, values = demand.recipe, demand.values
    wait = values.get("max_wait_hours")
    job = Job.objects.create(
        public_id=job_id,
        project=ask.allocation.project,
        allocation=ask.allocation,
        name=ask.name.strip(),
        submitted_by=by.person,
        recipe=recipe.name,
        recipe_version=recipe.version,
        code_sha256=registry.code_sha256(recipe),
        environment=recipe.environment,
        image_digest=f"sha256:{registry.environment_digest(recipe)}",
        inputs=dict(values),
        command=recipe.command(values),
        resources=asdict(demand.resources),
        accelerator_type=demand.type,
        accelerators=demand.resources.accelerators,
        wall_limit_s=demand.wall_limit_s,
        estimate_seconds=demand.cost_seconds,
        hold_count=1,
        gives_up_at=now + timedelta(hours=wait) if wait else None,
        created_at=now,
        created_by=str(by),
    )
    record_change(job, from_status="", to_status=job.status, by=by, now=now)
    return job


def _write_inputs(job: Job, recipe: Recipe, by: Actor) -> None:
    """Pin the files behind each reference: what the name means later does not matter to this job."""
    for declared in recipe.reference_fields:
        reference = job.inputs.get(declared.name)
        if reference:
            JobFile.objects.bulk_create(
                JobFile(
                    job=job,
                    kind=FileKind.INPUT,
                    field=declared.name,
                    path=file.name,
                    sha256=file.sha256,
                    size=file.bytes,
                    key=file.key,
                    created_by=str(by),
                )
                for file in inputs_port().files(reference)
            )
