"""What core asks of later apps; settings.PORTS names the filler by dotted path (ARCHITECTURE rule 1)."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from institute.core.ui.chain import ChainLink


class ChainPort(Protocol):
    """Filled by the catalogue: the ribbon donor → pledge → allocation → job → run → model → paper."""

    def __call__(self, obj: Any, *, request: HttpRequest | None) -> "Sequence[ChainLink]":
        """The links of `obj`'s chain as far as the reader may see them, in the order of the chain."""


class PanelPort(Protocol):
    """A panel that a later app shows on an earlier object's page."""

    def __call__(self, obj: Any, *, request: HttpRequest) -> str:
        """Safe HTML, "" when there is nothing to show."""


@cache
def filler(name: str) -> Any:
    """The object that fills the port `name`."""
    return import_string(settings.PORTS[name])


def panels_for(kind: str) -> list[PanelPort]:
    """The panels that later apps declare for objects of `kind` ("funding.pledge"), in order of settings.PANELS."""
    return [import_string(path) for path in settings.PANELS.get(kind, ())]
