"""Facts about allocations that later apps react to."""

from dataclasses import dataclass

from institute.core.outbox import Event


@dataclass(frozen=True, slots=True)
class AllocationAwarded(Event):
    """A request was approved: a project may use hours."""

    allocation_id: str
    project_id: str
