"""What surrounds jobs in these tests: a clock that the test moves, and fillers of the ports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from compute.jobs.ports import InputChoice, StoredInput
from institute.core.errors import NotFound

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """What time it is in the test."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 0, **more: float) -> datetime:
        """Let time pass; the new instant."""
        self.now += timedelta(seconds=seconds, **more)
        return self.now


def tracker_variables(job: Any, attempt: Any, token: str) -> Mapping[str, str]:
    """As a tracker would answer."""
    return {"WANDB_BASE_URL": "http://localhost:8000/wandb", "WANDB_API_KEY": token, "WANDB_MODE": "disabled"}


def no_chain(obj: Any, *, request: Any) -> list[Any]:
    """As a catalogue would answer that knows of nothing."""
    return []


@dataclass
class Shelf:
    """As a catalogue would answer."""

    stored: dict[str, list[StoredInput]] = field(default_factory=dict)

    def choices(self, user: Any, kind: str) -> Sequence[InputChoice]:
        return [InputChoice(reference, reference.title()) for reference in self.stored]

    def is_usable(self, user: Any, kind: str, reference: str) -> bool:
        return reference in self.stored

    def facts(self, reference: str) -> Mapping[str, Any]:
        if reference not in self.stored:
            raise NotFound(f"There is no {reference}.")
        return {"licence": "cc0-1.0"}

    def files(self, reference: str) -> Sequence[StoredInput]:
        return self.stored[reference]


SHELF = Shelf()
