"""What many questions ask of the rows that hang on an outer row."""

from typing import Any

from django.db.models import Expression, QuerySet, Subquery


def aggregate_of(rows: QuerySet[Any, Any], key: str, aggregate: Expression) -> Subquery:
    """`aggregate` over `rows`, which name their outer row and so share one `key`; null where there are none."""
    return Subquery(rows.order_by().values(key).annotate(found=aggregate).values("found"))
