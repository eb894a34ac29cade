"""What jobs ask of later apps; settings.PORTS names who answers (ARCHITECTURE rule 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from institute.core import ports

if TYPE_CHECKING:
    from compute.jobs.models import Attempt, Job
    from institute.people.models import User


@dataclass(frozen=True, slots=True)
class InputChoice:
    """Something from the catalogue that a person may use: `reference` is `<handle>/<name>@<revision>`."""

    reference: str
    label: str


@dataclass(frozen=True, slots=True)
class StoredInput:
    """One file behind a reference: its name, bytes and hash, and where the object store has it."""

    name: str
    bytes: int
    sha256: str
    key: str


class JobInputsPort(Protocol):
    """Filled by the catalogue: models and data sets as inputs."""

    def choices(self, user: "User", kind: str) -> Sequence[InputChoice]:
        """What `user` may use, `kind` being "model" or "dataset"; newest first, as many as a list has room for."""

    def is_usable(self, user: "User", kind: str, reference: str) -> bool:
        """Whether `user` may use what `reference` names, in a list or not."""

    def facts(self, reference: str) -> Mapping[str, Any]:
        """What the server knows of it: family, tokenizer sha256, licence, shapes. NotFound if there is none."""

    def files(self, reference: str) -> Sequence[StoredInput]:
        """Its files. NotFound if there is none."""


class JobEnvironmentPort(Protocol):
    """Filled by the tracker: the variables by which a job's training reports."""

    def __call__(self, job: "Job", attempt: "Attempt", token: str) -> Mapping[str, str]:
        """Environment variables; those that hold `token` are treated as secrets."""


def inputs_port() -> JobInputsPort:
    """Who knows models and data sets."""
    found = ports.filler("jobs.inputs")
    port: JobInputsPort = found() if isinstance(found, type) else found
    return port


def environment_of(job: "Job", attempt: "Attempt", token: str) -> Mapping[str, str]:
    """The variables that the tracker wants a job to have."""
    found: Mapping[str, str] = ports.filler("jobs.environment")(job, attempt, token)
    return found
