"""The right to commit: a file the wrapper rewrites while the platform lets this attempt run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from compute.recipes.runtime.exits import LeaseLost

LAST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LeaseState:
    fence: int
    expires_at: datetime
    checkpoint_by: datetime | None


@dataclass(frozen=True, slots=True)
class Lease:
    """`path` is None when a recipe runs by hand: then nobody else can hold the lease."""

    path: Path | None
    fence: int

    def read(self) -> LeaseState | None:
        """What the file says now. Raises LeaseLost where it is missing or no lease."""
        if self.path is None:
            return None
        try:
            document = json.loads(self.path.read_bytes())
            by = document.get("checkpoint_by")
            return LeaseState(
                int(document["fence"]), _instant(document["expires_at"]), None if by is None else _instant(by)
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise LeaseLost(f"the lease file cannot be read ({problem})") from problem

    def require_current_fence(self) -> LeaseState | None:
        """Raise LeaseLost when a newer attempt holds the lease: training must end at once."""
        state = self.read()
        if state is not None and state.fence != self.fence:
            raise LeaseLost(f"fence {state.fence} holds the lease, this attempt has {self.fence}")
        return state

    def require_may_commit(self, now: datetime | None = None) -> None:
        """Raise LeaseLost when the lease is another's, or ends within seconds."""
        state = self.require_current_fence()
        now = now or datetime.now(UTC)
        if state is not None and (state.expires_at - now).total_seconds() <= LAST_SECONDS:
            raise LeaseLost(f"the lease ends at {state.expires_at.isoformat()}")


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return instant
