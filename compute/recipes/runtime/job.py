"""What a recipe is told: the environment variables and the JSON document of one attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute.recipes.base import Recipe
from compute.recipes.registry import code_sha256
from compute.recipes.runtime.disk import canonical_json, sha256_bytes, sha256_file
from compute.recipes.runtime.exits import BadInputs, InputMissing
from compute.recipes.runtime.lease import Lease


@dataclass(frozen=True, slots=True)
class JobFile:
    field: str
    name: str
    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt, read and verified. `inputs` are clean values of the recipe's fields."""

    recipe: Recipe
    inputs: Mapping[str, Any]
    files: tuple[JobFile, ...]
    lineage: Mapping[str, Any]
    hardware: Mapping[str, Any]
    code_sha256: str
    image_digest: str
    inputs_sha256: str
    work: Path
    checkpoints: Path
    output: Path
    resume: Path | None
    lease: Lease
    grace_s: float
    rank: int
    world_size: int

    @property
    def fence(self) -> int:
        return self.lease.fence

    @property
    def seed(self) -> int:
        return int(self.inputs["seed"])

    @property
    def job_id(self) -> str:
        return str(self.lineage.get("job", ""))

    @property
    def attempt_id(self) -> str:
        return str(self.lineage.get("attempt", ""))

    def files_of(self, field: str) -> list[JobFile]:
        return [file for file in self.files if file.field == field]


def read_job(recipe: Recipe, environ: Mapping[str, str]) -> Job:
    """Read and verify everything. Raises BadInputs (64) or InputMissing (66)."""
    document = _document(environ)
    inputs = _clean_inputs(recipe, document.get("inputs"))
    files = tuple(_file(entry) for entry in _list(document, "files"))
    for file in files:
        verify_file(file)
    origin = _mapping(document, "recipe")
    lease_path = environ.get("RECIPE_LEASE", "")
    return Job(
        recipe=recipe,
        inputs=inputs,
        files=files,
        lineage=_mapping(document, "lineage"),
        hardware=_mapping(document, "hardware"),
        code_sha256=code_sha256(recipe),
        image_digest=str(origin.get("image_digest", "")),
        inputs_sha256=hash_of_inputs(inputs, files),
        work=_folder(environ, "RECIPE_WORK"),
        checkpoints=_folder(environ, "RECIPE_CHECKPOINTS"),
        output=_folder(environ, "RECIPE_OUTPUT"),
        resume=Path(environ["RECIPE_RESUME"]) if environ.get("RECIPE_RESUME") else None,
        lease=Lease(Path(lease_path) if lease_path else None, _number(environ, "RECIPE_FENCE", 1)),
        grace_s=float(_number(environ, "RECIPE_GRACE_S", 30)),
        rank=_number(environ, "RANK", 0),
        world_size=_number(environ, "WORLD_SIZE", 1),
    )


def hash_of_inputs(inputs: Mapping[str, Any], files: tuple[JobFile, ...]) -> str:
    """Identity of what goes in: clean values, and name and content of every file."""
    listed = [{"field": f.field, "name": f.name, "bytes": f.bytes, "sha256": f.sha256} for f in files]
    return sha256_bytes(canonical_json({"inputs": dict(inputs), "files": listed}))


def verify_file(file: JobFile) -> None:
    """Raise InputMissing unless the file is there with the promised size and content."""
    way_out = "Start the job again; if it stays, upload the file again under a new revision."
    if not file.path.is_file():
        raise InputMissing(file.field, f"The input file “{file.name}” is missing.", way_out)
    size = file.path.stat().st_size
    if size != file.bytes:
        raise InputMissing(file.field, f"“{file.name}” has {size} bytes instead of {file.bytes}.", way_out)
    found = sha256_file(file.path)
    if found != file.sha256:
        raise InputMissing(file.field, f"“{file.name}” has sha256 {found} instead of {file.sha256}.", way_out)


def _document(environ: Mapping[str, str]) -> dict[str, Any]:
    path = environ.get("RECIPE_INPUTS", "")
    try:
        document = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as problem:
        raise BadInputs(
            "RECIPE_INPUTS", f"The inputs cannot be read: {problem}.", "Name a JSON file in RECIPE_INPUTS."
        ) from problem
    if not isinstance(document, dict):
        raise BadInputs("RECIPE_INPUTS", "The inputs must be a JSON object.", "Name another file in RECIPE_INPUTS.")
    return document


def _clean_inputs(recipe: Recipe, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadInputs("inputs", "“inputs” must be an object.", "Send the recipe's fields by name.")
    cleaned = recipe.clean(given)
    for refusal in cleaned.refusals:
        raise BadInputs(refusal.field, refusal.rule, refusal.way_out)
    return cleaned.values


def _file(entry: Any) -> JobFile:
    try:
        return JobFile(
            str(entry["field"]),
            str(entry["name"]),
            Path(entry["path"]),
            int(entry["bytes"]),
            str(entry["sha256"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInputs("files", f"An input file is described badly: {problem!r}.", "Start the job again.") from problem


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name, [])
    if not isinstance(value, list):
        raise BadInputs(name, f"“{name}” must be a list.", "Start the job again.")
    return value


def _mapping(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise BadInputs(name, f"“{name}” must be an object.", "Start the job again.")
    return value


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "")
    try:
        return int(text) if text else default
    except ValueError as problem:
        raise BadInputs(
            name, f"{name} must be a whole number, not {text!r}.", f"Set {name} or leave it out."
        ) from problem


def _folder(environ: Mapping[str, str], name: str) -> Path:
    if not environ.get(name):
        raise BadInputs(name, f"{name} is not set.", f"Name a folder in {name}.")
    folder = Path(environ[name])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInputs(name, f"{name} cannot be used: {problem}.", f"Name a writable folder in {name}.") from problem
    return folder
