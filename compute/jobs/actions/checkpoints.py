from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from compute.jobs.actions.leases import lock, require_fence
from compute.jobs.enums import CheckpointKind
from compute.jobs.models import Attempt, JobCheckpoint
from compute.jobs.rules.manifests import require_equal
from institute.core import audit, live
from institute.core.actors import Actor
from institute.core.errors import Conflict


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it was sent: the object, its hash, and the fence it was committed under."""

    fence: int
    sha256: str
    content: Mapping[str, Any]


def accept_checkpoint(
    *, attempt: Attempt, step: int, manifest: Manifest, location: str, by: Actor, now: datetime
) -> tuple[JobCheckpoint, bool]:
    """Take a committed checkpoint as durable: what the next attempt resumes from. False if it was known.

    Raises LeaseLost under an old fence, Refused for a manifest that is not this attempt's, Conflict if the
    step has another manifest.
    """
    expected = {
        "job": attempt.job.public_id,
        "attempt": attempt.public_id,
        "fence": manifest.fence,
        "step": step,
        "kind": CheckpointKind.CHECKPOINT.value,
    }
    with transaction.atomic():
        job, attempt = lock(attempt)
        known = job.checkpoints.filter(kind=CheckpointKind.CHECKPOINT, fence=manifest.fence, step=step).first()
        if known is not None and known.manifest_sha256 == manifest.sha256:
            return known, False
        require_fence(job, attempt, manifest.fence, now)
        if known is not None:
            raise Conflict(_("This step has another manifest already."), rule="checkpoint-once")
        checkpoint = JobCheckpoint.objects.create(
            job=job,
            attempt=attempt,
            fence=manifest.fence,
            kind=CheckpointKind.CHECKPOINT,
            step=step,
            manifest_sha256=manifest.sha256,
            manifest_text=require_equal(manifest.content, expected, manifest.sha256),
            location=location,
            accepted_at=now,
            created_by=str(by),
        )
        Attempt.objects.filter(pk=attempt.pk).update(last_checkpoint_at=now)
        audit.record(
            by=by, action="checkpoint.accept", subject=checkpoint, details={"step": step, "fence": manifest.fence}
        )
        live.hint(job.public_id, "checkpoint")
    return checkpoint, True
