"""What the platform asks of a tracker. No Django, no models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class TrackedJob:
    """A job as a tracker needs to know it: its id is the run's id."""

    job_id: str
    entity: str
    project: str
    key: str


@dataclass(frozen=True, slots=True)
class RunReference:
    """A run in a tracker's own words."""

    entity: str
    project: str
    name: str


@dataclass(frozen=True, slots=True)
class FetchedRun:
    """A run as a tracker tells of it; `history` are its lines in the order of `_step`."""

    name: str
    state: str
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()


class TrackerUnavailable(Exception):
    """The tracker does not answer, or refuses the key."""


class Tracker(Protocol):
    """One tracker."""

    def environment(self, job: TrackedJob) -> dict[str, str]:
        """The variables by which the unmodified SDK inside the job reports here."""

    def probe(self) -> bool:
        """Whether runs can be taken now. Never raises."""

    def fetch_run(self, reference: RunReference) -> FetchedRun | None:
        """The run, None if there is none. Raises TrackerUnavailable."""
