"""What tests of the sweep do and read."""

from typing import Any

from institute.core.states import history_of


def reload(obj: Any) -> Any:
    """The row as it is now."""
    return type(obj).objects.get(pk=obj.pk)


def statuses(obj: Any) -> list[str]:
    """Every status it ever had."""
    return list(history_of(obj).values_list("to_status", flat=True))


def end(attempt: Any, fake: Any, sweep: Any, *args: Any, **kwargs: Any) -> Any:
    """The attempt once its training ended and a sweep saw it; arguments as of `FakeBackend.finish`."""
    fake.finish(attempt.name, *args, **kwargs)
    sweep()
    return reload(attempt)
