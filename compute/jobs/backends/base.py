"""What every place that can run an attempt offers to the platform.

A backend knows names, processes and files; it knows no database, no job and no money. It is asked and
polled, never trusted to call back: whoever drives it must be able to lose any answer and ask again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class BackendError(Exception):
    """The backend could not do what was asked."""


class BackendConflict(BackendError):
    """Another attempt of this name exists with a different specification."""


class BackendUnavailable(BackendError):
    """The place does not answer now; nothing is known about what runs there. Ask again later."""


class Phase(StrEnum):
    ABSENT = "absent"
    PENDING = "pending"
    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"


class FailureClass(StrEnum):
    """Why an attempt did not succeed; each class has its own answer and its own budget of retries."""

    USER_CODE = "user-code"
    USER_CONFIG = "user-config"
    OOM = "oom"
    IMAGE = "image"
    QUOTA = "quota"
    PREEMPTED = "preempted"
    NODE_LOST = "node-lost"
    ACCELERATOR_FAULT = "accelerator-fault"
    NETWORK = "network"
    STORAGE = "storage"
    DEADLINE = "deadline"
    WINDOW_END = "window-end"
    WITHDRAWN = "withdrawn"
    CLUSTER_LOST = "cluster-lost"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Capabilities:
    hosts: int
    cpu_count: int
    memory_bytes: int
    max_concurrent: int


@dataclass(frozen=True, slots=True)
class InputFile:
    field: str
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AttemptSpec:
    """All that a place must know to run one attempt. `name` is the idempotency key of `create`.

    `command` is an argument list, never a shell line: `"python"` stands for the interpreter of
    `environment`, a relative path is relative to the code root. `recipe_inputs` is the document that
    training reads, but for the paths of the input files. `secrets` reach the attempt by a file that only
    its owner may read; they stand in no command line, no log and not in `spec_sha256`.
    """

    name: str
    job_id: str
    attempt_id: str
    number: int
    environment: str
    command: tuple[str, ...]
    recipe_inputs: Mapping[str, Any]
    input_files: tuple[InputFile, ...]
    env: Mapping[str, str]
    secrets: Mapping[str, str]
    platform_url: str
    accelerators: int
    cpu_millis: int
    memory_bytes: int
    disk_bytes: int
    wall_limit_s: int
    grace_s: int
    labels: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """The specification as plain JSON values, without its secrets."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "secrets"}
        values["command"] = list(self.command)
        values["input_files"] = [
            {
                "field": file.field,
                "name": file.name,
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in self.input_files
        ]
        for mapping in ("recipe_inputs", "env", "labels"):
            values[mapping] = dict(values[mapping])
        return values

    @property
    def spec_sha256(self) -> str:
        """Equal for specifications that would run the same; a renewed secret changes nothing."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PodObservation:
    """One stretch of one host spent on an attempt: what metering charges.

    `started_at` is when training was started, `ended_at` when it was last proved alive or seen to end;
    never the moment of the observation.
    """

    uid: str
    index: int
    accelerators: int
    node: str
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a backend knows of an attempt at `last_seen_at`.

    ENDED means: nothing of the attempt can write any more. Then `failure_class` is None after success
    and after a stop that was asked for by `request_stop` (`reason` is then "stopped"). `text` holds the
    last lines of standard error, at most 4 KB; it comes from the job and is not to be trusted.
    """

    name: str
    uid: str
    phase: Phase
    spec_sha256: str
    pods: tuple[PodObservation, ...]
    exit_code: int | None
    failure_class: FailureClass | None
    reason: str
    text: str
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class LogPart:
    """`data` starts at byte `offset`; `is_end` says that nothing will ever follow it."""

    offset: int
    data: bytes
    is_end: bool


class Backend(Protocol):
    def capabilities(self) -> Capabilities: ...

    def create(self, spec: AttemptSpec) -> Observation:
        """Start the attempt, or adopt the one of this name if it was made from an equal specification.

        Raises BackendConflict if the name stands for another specification, BackendUnavailable if the
        place does not answer (the attempt may then run or not: call again).
        """

    def observe(self, names: Sequence[str]) -> list[Observation]:
        """One observation per name, in order; ABSENT for names that are not known here."""

    def request_stop(self, name: str) -> None:
        """Ask the attempt to checkpoint and end (SIGTERM, grace, SIGKILL). Returns at once."""

    def delete(self, name: str) -> None:
        """End what is left of the attempt and forget it. Deleting what is absent does nothing."""

    def read_log(self, name: str, offset: int, limit: int) -> LogPart:
        """At most `limit` bytes of the combined output from byte `offset` on; empty for unknown names."""

    def checkpoint_root(self, job_id: str) -> Path | None:
        """The folder of a job's checkpoints, where this process can reach it."""


def absent(name: str, *, now: datetime) -> Observation:
    """The observation of a name that a backend does not know."""
    return Observation(
        name=name,
        uid="",
        phase=Phase.ABSENT,
        spec_sha256="",
        pods=(),
        exit_code=None,
        failure_class=None,
        reason="",
        text="",
        last_seen_at=now,
    )
