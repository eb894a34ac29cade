"""What the database holds, in one figure per table."""

from collections.abc import Callable

from django.apps import apps
from django.db import connection

# What every visit may leave: sessions, what the lock-out counts, and the day on which a token was last used.
VISITS = frozenset({"django_session", "axes_accessattempt", "axes_accesslog", "axes_accessfailurelog"})


def tables() -> list[str]:
    """Every table of the platform but those of VISITS."""
    models = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed} - VISITS)


def traces() -> dict[str, tuple[int, int]]:
    """(rows, hash over all of them) by table."""
    quote = connection.ops.quote_name
    parts = [
        f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {quote(table)} AS t"
        for table in tables()
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {table: (rows, int(total)) for table, rows, total in cursor.fetchall()}


def changed_by(act: Callable[[], object]) -> list[str]:
    """The tables that are not as they were before `act`."""
    before = traces()
    act()
    after = traces()
    return [table for table, figure in before.items() if after[table] != figure]
