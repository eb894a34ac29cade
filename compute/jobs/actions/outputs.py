from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from compute.jobs.actions.checkpoints import Manifest
from compute.jobs.actions.leases import lock, require_fence
from compute.jobs.enums import CheckpointKind, FileKind
from compute.jobs.events import OutputCommitted
from compute.jobs.models import Attempt, Job, JobCheckpoint, JobFile
from compute.jobs.rules.manifests import MANIFEST, NamedFile, files_of, require_equal
from institute.core import audit, faults, live
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.outbox import publish
from institute.core.storage import Stored, store

UPLOADS_PER_DISK = 4  # uploads of all attempts of a job together, in disks of one attempt


def key_of(job: Job, sha256: str) -> str:
    """Where a file that a job wrote lies in the object store."""
    return f"jobs/{job.public_id}/{sha256}"


def store_output_file(
    *, attempt: Attempt, fence: int, sha256: str, chunks: Iterable[bytes], by: Actor, now: datetime
) -> tuple[JobFile, bool]:
    """Stream one file of an output into the object store; False if it lies there already.

    Raises LeaseLost under an old fence, WrongHash, TooLarge.
    """
    job = attempt.job
    require_fence(job, attempt, fence, now)
    known = job.files.filter(kind=FileKind.UPLOADED, sha256=sha256).first()
    if known is not None:
        return known, False
    used = job.files.filter(kind=FileKind.UPLOADED).aggregate(total=Sum("size"))["total"] or 0
    room = max(0, UPLOADS_PER_DISK * job.resources["disk_bytes"] - used)
    stored = store().write(key_of(job, sha256), chunks, max_bytes=room, sha256=sha256)
    with transaction.atomic():
        job, attempt = lock(attempt)
        require_fence(job, attempt, fence, now)
        return JobFile.objects.get_or_create(
            job=job,
            kind=FileKind.UPLOADED,
            field="",
            path="",
            sha256=sha256,
            defaults={"size": stored.size, "key": stored.key, "created_by": str(by)},
        )


def accept_output(*, attempt: Attempt, manifest: Manifest, by: Actor, now: datetime) -> tuple[JobCheckpoint, bool]:
    """Take an attempt's output as the job's own, once. False if it was known.

    Raises LeaseLost under an old fence, Refused for a manifest that is not this attempt's or that names a
    file which was not uploaded, Conflict if the job has another output.
    """
    expected = {
        "job": attempt.job.public_id,
        "attempt": attempt.public_id,
        "fence": manifest.fence,
        "kind": CheckpointKind.OUTPUT.value,
    }
    with transaction.atomic():
        job, attempt = lock(attempt)
        known = job.checkpoints.filter(kind=CheckpointKind.OUTPUT).first()
        if known is not None and (known.fence, known.manifest_sha256) == (manifest.fence, manifest.sha256):
            return known, False
        require_fence(job, attempt, manifest.fence, now)
        if known is not None:
            raise Conflict(_("This job has another output already."), rule="output-once")
        text = require_equal(manifest.content, expected, manifest.sha256)
        files = files_of(manifest.content)
        uploaded = _uploaded(job, files)
        own = store().write(key_of(job, manifest.sha256), [text.encode()], sha256=manifest.sha256)
        output = JobCheckpoint.objects.create(
            job=job,
            attempt=attempt,
            fence=manifest.fence,
            kind=CheckpointKind.OUTPUT,
            step=_step(manifest),
            manifest_sha256=manifest.sha256,
            manifest_text=text,
            accepted_at=now,
            created_by=str(by),
        )
        _record_files(job, files, uploaded, own, by)
        faults.point("before-output-commit")
        audit.record(by=by, action="output.accept", subject=output, details={"sha256": manifest.sha256})
        publish(OutputCommitted(job.public_id, attempt.public_id, manifest.sha256), subject=job.public_id, by=by)
        live.hint(job.public_id, "output")
    return output, True


def _step(manifest: Manifest) -> int:
    step = manifest.content.get("step")
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step < 1 << 62:
        raise Refused(_("The manifest's step is no whole number."), field="manifest", rule="manifest")
    return step


def _uploaded(job: Job, files: Sequence[NamedFile]) -> dict[str, JobFile]:
    found = {file.sha256: file for file in job.files.filter(kind=FileKind.UPLOADED)}
    for file in files:
        if file.sha256 not in found or found[file.sha256].size != file.size:
            raise Refused(
                _("“%(path)s” was not uploaded.") % {"path": file.path},
                field="manifest",
                rule="not-uploaded",
                way_out=_("Upload it, then send the manifest again."),
            )
    return found


def _record_files(job: Job, files: Sequence[NamedFile], uploaded: dict[str, JobFile], own: Stored, by: Actor) -> None:
    rows = [(file.path, file.sha256, file.size, uploaded[file.sha256].key) for file in files]
    rows.append((MANIFEST, own.sha256, own.size, own.key))
    JobFile.objects.bulk_create(
        JobFile(job=job, kind=FileKind.OUTPUT, path=path, sha256=sha256, size=size, key=key, created_by=str(by))
        for path, sha256, size, key in rows
    )
