"""What a place is told of an attempt: frozen in our row before the place is first asked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from compute.allocations.queries import pledges_holding_for_job
from compute.jobs.actions.claims import Claim, holding
from compute.jobs.backends.base import AttemptSpec, InputFile
from compute.jobs.enums import FileKind
from compute.jobs.models import Attempt, Job
from compute.jobs.ports import environment_of
from institute.core.actors import SYSTEM_SWEEP
from institute.people.actions.tokens import issue_job_token

GRACE_S = 30
TOKEN_MARGIN = timedelta(days=1)
JOB_TOKEN = "HEADWATERS_JOB_TOKEN"  # noqa: S105  (a variable's name)


def prepare(claim: Claim, *, now: datetime) -> AttemptSpec:
    """The attempt's specification with fresh secrets; the same each time but for the secrets.

    A place that has the attempt already keeps the secrets it was given first: tokens are revoked only at
    the attempt's end. Raises Stale.
    """
    with holding(claim) as (job, attempt):
        expires_at = now + timedelta(seconds=job.wall_limit_s) + TOKEN_MARGIN
        _token, text = issue_job_token(job_id=job.public_id, name=attempt.name, expires_at=expires_at, by=SYSTEM_SWEEP)
        variables = environment_of(job, attempt, text)
        secrets = {name: value for name, value in variables.items() if text in value}
        if attempt.spec is None:
            env = {name: value for name, value in variables.items() if name not in secrets}
            attempt.spec = _describe(job, attempt, env).document()
            attempt.spec_sha256 = restore(attempt.spec, {}).spec_sha256
            attempt.save(update_fields=["spec", "spec_sha256"])
        return restore(attempt.spec, {JOB_TOKEN: text, **secrets})


def restore(document: Mapping[str, Any], secrets: Mapping[str, str]) -> AttemptSpec:
    """The specification that was frozen as `document`."""
    values = dict(document)
    values["command"] = tuple(values["command"])
    values["input_files"] = tuple(InputFile(**file) for file in values["input_files"])
    return AttemptSpec(**values, secrets=secrets)


def _describe(job: Job, attempt: Attempt, env: Mapping[str, str]) -> AttemptSpec:
    resources = job.resources
    files = job.files.filter(kind=FileKind.INPUT).order_by("id")
    return AttemptSpec(
        name=attempt.name,
        job_id=job.public_id,
        attempt_id=attempt.public_id,
        number=attempt.number,
        environment=job.environment,
        command=tuple(job.command),
        recipe_inputs=_recipe_inputs(job, attempt),
        input_files=tuple(InputFile(file.field, file.path, file.size, file.sha256) for file in files),
        env=env,
        secrets={},
        platform_url=settings.PLATFORM_URL,
        accelerators=job.accelerators,
        cpu_millis=resources["cpu_millis"],
        memory_bytes=resources["memory_bytes"],
        disk_bytes=resources["disk_bytes"],
        wall_limit_s=job.wall_limit_s,
        grace_s=GRACE_S,
        labels={
            "job": job.public_id,
            "attempt": attempt.public_id,
            "allocation": job.allocation.public_id,
            "project": job.project.public_id,
        },
    )


def _recipe_inputs(job: Job, attempt: Attempt) -> dict[str, Any]:
    """The document that training reads, but for the paths of its files."""
    pledges = [pledge for pledge, _held in pledges_holding_for_job(job.public_id)]
    return {
        "inputs": job.inputs,
        "lineage": {
            "attempt": attempt.public_id,
            "job": job.public_id,
            "allocation": job.allocation.public_id,
            "project": job.project.public_id,
            "pledges": [pledge.public_id for pledge in pledges],
            "donors": sorted({pledge.donor.public_id for pledge in pledges}),
        },
        "hardware": {
            "accelerator_type": job.accelerator_type.slug,
            "accelerators": job.accelerators,
            "cpu_count": max(1, job.resources["cpu_millis"] // 1000),
            "memory_bytes": job.resources["memory_bytes"],
        },
        "recipe": {
            "name": job.recipe,
            "version": job.recipe_version,
            "code_sha256": job.code_sha256,
            "image_digest": job.image_digest,
        },
    }
