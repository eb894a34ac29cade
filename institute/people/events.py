"""Facts about people that later apps may want to know."""

from dataclasses import dataclass

from institute.core.outbox import Event


@dataclass(frozen=True, slots=True)
class RoleGranted(Event):
    """A person got a role."""

    user_id: str
    role: str


@dataclass(frozen=True, slots=True)
class RoleEnded(Event):
    """A person lost a role."""

    user_id: str
    role: str
