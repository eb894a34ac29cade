"""What actions tell later apps, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from institute.core import outbox
from institute.core.models import OutboxMessage


@contextmanager
def overheard(*kinds: type[outbox.Event]) -> Iterator[list[outbox.Event]]:
    """A list that holds, after the block, the events of these kinds published inside it, in their order."""
    heard: list[outbox.Event] = []
    names = {f"{__name__}.{kind.__name__}": kind for kind in kinds}
    for kind in kinds:
        outbox.receives(kind)(_receiver(kind.__name__))
    try:
        yield heard
        rows = OutboxMessage.objects.filter(receiver__in=names).order_by("id")
        heard += [names[row.receiver](**row.payload) for row in rows]
    finally:
        for name, kind in names.items():
            outbox._receivers.pop(name)
            outbox._by_topic[kind.topic()].remove(name)


def _receiver(name: str) -> Any:
    def hear(event: outbox.Event, delivery: outbox.Delivery) -> None:
        """Nothing more is done with it."""

    hear.__name__ = name
    return hear
