"""Who did it. Core knows people only by public id; the rows are in `institute.people`."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """The kinds of beings that act."""

    PERSON = "person"
    TOKEN = "token"  # noqa: S105  (a kind, no secret)
    JOB = "job"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """One who acts: `public_id` of the person, token or job, or the fixed name of a part of the system.

    `person_id` is the human behind a token, "" where there is none.
    """

    kind: ActorKind
    public_id: str
    person_id: str = ""

    @property
    def person(self) -> str:
        """Public id of the human behind the act, "" if there is none."""
        return self.public_id if self.kind is ActorKind.PERSON else self.person_id

    def __str__(self) -> str:
        return f"{self.kind}:{self.public_id}"


SYSTEM_RELAY = Actor(ActorKind.SYSTEM, "relay")
SYSTEM_SWEEP = Actor(ActorKind.SYSTEM, "sweep")
SYSTEM_COMMAND = Actor(ActorKind.SYSTEM, "command")
SYSTEM_INTAKE = Actor(ActorKind.SYSTEM, "intake")
