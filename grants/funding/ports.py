"""What funding asks of later apps."""

from collections.abc import Sequence
from typing import Protocol

from institute.core.ports import filler


class AcceleratorTypesPort(Protocol):
    """Filled by capacity: the types that a pledge may promise."""

    def __call__(self) -> Sequence[tuple[str, str]]:
        """(slug, name) pairs by name."""


def accelerator_types() -> Sequence[tuple[str, str]]:
    """The types that a pledge may promise, as choices."""
    port: AcceleratorTypesPort = filler("funding.accelerator_types")
    return port()
