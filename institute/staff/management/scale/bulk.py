"""How rows are made and written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import models
from django.utils import timezone

from institute.core.actors import Actor, ActorKind

BATCH = 2_000
BY = Actor(ActorKind.SYSTEM, "seed-scale")
HOUR = 3600
AWARDED = 10 * HOUR
USED = 60

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Plan:
    """How many rows, and the one instant that all of them hang on."""

    rows: int
    now: datetime = field(default_factory=timezone.now)

    @property
    def opened(self) -> datetime:
        """When windows began."""
        return self.now - timedelta(days=30)

    @property
    def closes(self) -> datetime:
        """When windows end."""
        return self.now + timedelta(days=335)

    def many(self, model: type[Row], make: Callable[[int], Row]) -> list[Row]:
        """One row for each number, written together."""
        return write(model, [make(number) for number in range(self.rows)])


def write(model: type[Row], rows: list[Row]) -> list[Row]:
    """Write rows; they come back with their keys."""
    return list(model._default_manager.bulk_create(rows, batch_size=BATCH))
