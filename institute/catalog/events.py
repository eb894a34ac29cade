"""What happened in the catalogue."""

from dataclasses import dataclass

from institute.core.outbox import Event


@dataclass(frozen=True, slots=True)
class CommitPushed(Event):
    """A ref of an artefact moved to a new commit."""

    artifact_id: str
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class RevisionPublished(Event):
    """A reviewer put a revision before the public."""

    revision_id: str
    artifact_id: str


@dataclass(frozen=True, slots=True)
class RevisionWithdrawn(Event):
    """A published revision is not recommended any more; its page says so and why."""

    revision_id: str
    artifact_id: str


@dataclass(frozen=True, slots=True)
class PublicationPublished(Event):
    """A reviewer put a paper before the public."""

    publication_id: str
