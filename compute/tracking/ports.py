"""What tracking asks of later apps; settings.PORTS names who answers (ARCHITECTURE rule 1)."""

from typing import TYPE_CHECKING, Protocol

from django.conf import settings

from institute.core import ports

if TYPE_CHECKING:
    from compute.tracking.models import Run

IS_PUBLISHED = "tracking.is_published"


class PublishedRunPort(Protocol):
    """Filled by the catalogue: whether what came out of a run is public, so that its numbers are too."""

    def __call__(self, run: "Run") -> bool:
        """True when a published revision stems from the run."""


def is_published(run: "Run") -> bool:
    """Whether anybody may see the run's numbers; nobody while no app answers."""
    if IS_PUBLISHED not in settings.PORTS:
        return False
    port: PublishedRunPort = ports.filler(IS_PUBLISHED)
    return port(run)
