"""The manifest: what makes a folder a checkpoint or an output, and how it is verified."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compute.recipes.runtime.disk import canonical_json, files_below, sha256_bytes, sha256_file
from compute.recipes.runtime.job import Job

NAME = "manifest.json"

# Equal bytes are promised only where all of these are equal; else a resumed run is not exact.
EXACTNESS = (
    "recipe",
    "recipe_version",
    "code_sha256",
    "image_digest",
    "world_size",
    "device_kind",
    "device_count",
    "cpu_count",
    "libraries",
)


class Broken(Exception):
    """The folder is not what its manifest says, or belongs to another job."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a process computes."""

    device_kind: str = "cpu"
    device_count: int = 1
    libraries: Mapping[str, str] = field(default_factory=dict)


def visible_cpus() -> int:
    return len(os.sched_getaffinity(0))


def build(
    job: Job,
    folder: Path,
    *,
    kind: str,
    step: int,
    surroundings: Surroundings,
    data_cursor: Mapping[str, Any],
    weights_sha256: str,
) -> dict[str, Any]:
    """Describe everything that lies in `folder`."""
    return {
        "job": job.job_id,
        "attempt": job.attempt_id,
        "fence": job.fence,
        "recipe": job.recipe.name,
        "recipe_version": job.recipe.version,
        "code_sha256": job.code_sha256,
        "image_digest": job.image_digest,
        "inputs_sha256": job.inputs_sha256,
        "seed": job.seed,
        "step": step,
        "world_size": job.world_size,
        "device_kind": surroundings.device_kind,
        "device_count": surroundings.device_count,
        "cpu_count": visible_cpus(),
        "libraries": dict(surroundings.libraries),
        "data_cursor": dict(data_cursor),
        "weights_sha256": weights_sha256,
        "kind": kind,
        "files": [_entry(folder, path) for path in files_below(folder) if path != folder / NAME],
    }


def _entry(folder: Path, path: Path) -> dict[str, Any]:
    return {
        "path": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "sha256": sha256_file(path),
    }


def manifest_sha256(manifest: Mapping[str, Any]) -> str:
    return sha256_bytes(canonical_json(manifest))


def read(folder: Path) -> dict[str, Any]:
    """The manifest of `folder`. Raises Broken."""
    try:
        content = (folder / NAME).read_bytes()
        document = json.loads(content)
        if canonical_json(document) != content or not isinstance(document, dict):
            raise Broken("the manifest is not in canonical form")
    except (OSError, ValueError, RecursionError) as problem:
        raise Broken(f"the manifest cannot be read: {problem}") from problem
    return document


def verify_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise Broken unless every listed file is there, unchanged, and nothing else is."""
    try:
        listed = {str(e["path"]): (int(e["bytes"]), str(e["sha256"])) for e in manifest["files"]}
    except (KeyError, TypeError, ValueError) as problem:
        raise Broken(f"the file list cannot be read: {problem!r}") from problem
    present = {path.relative_to(folder).as_posix(): path for path in files_below(folder)}
    present.pop(NAME, None)
    if missing := sorted(listed.keys() - present.keys()):
        raise Broken(f"{missing[0]} is missing")
    if unlisted := sorted(present.keys() - listed.keys()):
        raise Broken(f"{unlisted[0]} is not in the manifest")
    for name, (size, digest) in listed.items():
        if present[name].stat().st_size != size:
            raise Broken(f"{name} has {present[name].stat().st_size} bytes instead of {size}")
        if sha256_file(present[name]) != digest:
            raise Broken(f"{name} does not have its sha256")


def require_same_work(job: Job, manifest: Mapping[str, Any]) -> None:
    """Raise Broken when the checkpoint was made for another job, or from other inputs."""
    expected = {
        "job": job.job_id,
        "recipe": job.recipe.name,
        "inputs_sha256": job.inputs_sha256,
        "seed": job.seed,
        "kind": "checkpoint",
    }
    for name, value in expected.items():
        if manifest.get(name) != value:
            raise Broken(f"its {name} is {manifest.get(name)!r} instead of {value!r}")
    if not isinstance(manifest.get("step"), int) or not isinstance(manifest.get("fence"), int):
        raise Broken("step and fence must be whole numbers")
    if not isinstance(manifest.get("data_cursor"), dict):
        raise Broken("it has no data cursor")


def differences(job: Job, manifest: Mapping[str, Any], surroundings: Surroundings) -> list[str]:
    """What is unlike the run that wrote the checkpoint, so that equal bytes cannot be promised."""
    here = {
        "recipe": job.recipe.name,
        "recipe_version": job.recipe.version,
        "code_sha256": job.code_sha256,
        "image_digest": job.image_digest,
        "world_size": job.world_size,
        "device_kind": surroundings.device_kind,
        "device_count": surroundings.device_count,
        "cpu_count": visible_cpus(),
        "libraries": dict(surroundings.libraries),
    }
    return [name for name in EXACTNESS if manifest.get(name) != here[name]]
