"""Questions about what a job read and wrote."""

from typing import Any

from django.db.models import QuerySet

from compute.jobs.enums import CheckpointKind, FileKind
from compute.jobs.models import Job, JobCheckpoint, JobFile


def output_of(job: Job) -> JobCheckpoint | None:
    """The accepted output of a job."""
    return job.checkpoints.filter(kind=CheckpointKind.OUTPUT).select_related("attempt").first()


def output_manifest(job: Job) -> dict[str, Any] | None:
    """The manifest of a job's output."""
    output = output_of(job)
    return output.manifest if output is not None else None


def output_files(job: Job) -> QuerySet[JobFile]:
    """The files of a job's output, `manifest.json` among them, by path."""
    return job.files.filter(kind=FileKind.OUTPUT).order_by("path")


def input_files(job: Job) -> QuerySet[JobFile]:
    """The files that a job reads."""
    return job.files.filter(kind=FileKind.INPUT).order_by("field", "path")
