"""What the wrapper is told: `spec.json` and `secrets.json`, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute.recipes.wrapper.folder import RunFolder, read_json

LOG_LIMIT_BYTES = 64 << 20
JOB_TOKEN = "HEADWATERS_JOB_TOKEN"  # noqa: S105 (a variable's name)


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    field: str
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One attempt, as the wrapper sees it. Paths are absolute; secrets never leave this process by argv."""

    uid: str
    attempt_id: str
    platform_url: str
    command: tuple[str, ...]
    interpreter: str
    code_root: Path
    checkpoints: Path
    cache: Path
    node: str
    recipe_inputs: Mapping[str, Any]
    input_files: tuple[ExpectedFile, ...]
    env: Mapping[str, str]
    secrets: Mapping[str, str]
    cpu_millis: int
    memory_bytes: int
    disk_bytes: int
    wall_limit_s: int
    grace_s: int
    log_limit_bytes: int = LOG_LIMIT_BYTES

    @property
    def token(self) -> str:
        return self.secrets.get(JOB_TOKEN, "")


def read_plan(folder: RunFolder) -> Plan:
    document = read_json(folder.spec)
    if document is None:
        raise FileNotFoundError(folder.spec)
    spec = document["spec"]
    return Plan(
        uid=document["uid"],
        attempt_id=spec["attempt_id"],
        platform_url=spec["platform_url"].rstrip("/"),
        command=tuple(spec["command"]),
        interpreter=document["interpreter"],
        code_root=Path(document["code_root"]),
        checkpoints=Path(document["checkpoints"]),
        cache=Path(document["cache"]),
        node=document["node"],
        recipe_inputs=spec["recipe_inputs"],
        input_files=tuple(ExpectedFile(**file) for file in spec["input_files"]),
        env=spec["env"],
        secrets=read_json(folder.secrets) or {},
        cpu_millis=spec["cpu_millis"],
        memory_bytes=spec["memory_bytes"],
        disk_bytes=spec["disk_bytes"],
        wall_limit_s=spec["wall_limit_s"],
        grace_s=spec["grace_s"],
        log_limit_bytes=document.get("log_limit_bytes", LOG_LIMIT_BYTES),
    )
