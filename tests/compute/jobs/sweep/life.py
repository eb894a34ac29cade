"""What tests of the sweep do and read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

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


@contextmanager
def after_statement(part: str, do: Callable[[], Any], *, number: int = 1) -> Iterator[None]:
    """What another worker does in between: `do()`, right after the block's `number`th statement with `part` in it."""
    seen = 0

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        result = execute(sql, params, many, context)
        seen += part in sql
        if part in sql and seen == number:
            do()
        return result

    with connection.execute_wrapper(watch):
        yield
    assert seen >= number, f"{seen} statements held {part!r}"
