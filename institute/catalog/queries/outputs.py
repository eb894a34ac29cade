"""A job's output as the catalogue sees it."""

from collections.abc import Sequence
from typing import Any

from compute.jobs.enums import CheckpointKind, FileKind
from compute.jobs.models import Job, JobCheckpoint, JobFile
from compute.recipes import registry
from compute.recipes.base import Recipe
from institute.catalog.formats import git
from institute.catalog.queries import trees
from institute.catalog.queries.trees import FileAt

MANIFEST = "manifest.json"
# The authors' card, and what git and the platform add.
NOT_OF_THE_JOB = frozenset({trees.CARD, git.ATTRIBUTES, MANIFEST})


def accepted_output(job: Job) -> JobCheckpoint | None:
    """The output that the platform accepted from a job, None while there is none."""
    return JobCheckpoint.objects.filter(job=job, kind=CheckpointKind.OUTPUT).first()


def output_files(job: Job) -> list[JobFile]:
    """The files of an accepted output, by path."""
    return list(JobFile.objects.filter(job=job, kind=FileKind.OUTPUT).order_by("path"))


def listed(manifest: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """{path: (sha256, bytes)} of a manifest."""
    return {str(row["path"]): (str(row["sha256"]), int(row["bytes"])) for row in manifest.get("files", [])}


def differences(output: JobCheckpoint | None, files: Sequence[FileAt]) -> list[str]:
    """Paths where a revision's files are not the output of its job; the card alone may differ."""
    if output is None:
        return [MANIFEST]
    wanted = {path: row for path, row in listed(output.manifest).items() if path not in NOT_OF_THE_JOB}
    found = {file.path: (file.sha256, file.size) for file in files if file.path not in NOT_OF_THE_JOB}
    changed = {path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path)}
    kept = next((file.sha256 for file in files if file.path == MANIFEST), output.manifest_sha256)
    return sorted(changed | ({MANIFEST} if kept != output.manifest_sha256 else set()))


def recipe_of(job: Job) -> Recipe | None:
    """The recipe in this version of the platform, None if it is gone."""
    try:
        return registry.get(job.recipe)
    except LookupError:
        return None


def blocking_gates(job: Job) -> set[str]:
    """The gates that a job's recipe demands for publication."""
    recipe = recipe_of(job)
    return {gate.name for gate in recipe.gates if gate.blocks} if recipe else set()


def is_blocking(job: Job, gate: str) -> bool:
    """Whether a failed gate forbids publication: every one that the recipe does not declare harmless."""
    recipe = recipe_of(job)
    return not recipe or all(declared.blocks for declared in recipe.gates if declared.name == gate)
