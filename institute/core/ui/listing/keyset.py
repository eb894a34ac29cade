"""Keyset paging: a page starts after a row, not after a number of rows, so page 4,000 costs what page 1 costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import F, Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from institute.core.errors import Refused

T = TypeVar("T", bound=Model)
SALT = "institute.core.ui.listing"
_PACK: dict[type, tuple[str, Callable[[Any], Any]]] = {
    datetime: ("t", datetime.isoformat),
    date: ("d", date.isoformat),
    Decimal: ("n", str),
}
_UNPACK: dict[str, Callable[[str], Any]] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "n": Decimal}


@dataclass(frozen=True, slots=True)
class Sort:
    """One order of a list. `field` as in order_by, with "-" for descending; ties go by primary key.

    Name `nullable` fields: their rows without a value come last.
    """

    key: str
    label: str | Promise
    field: str
    nullable: bool = False

    @property
    def is_descending(self) -> bool:
        """True for an order that starts with the greatest value."""
        return self.field.startswith("-")

    @property
    def path(self) -> str:
        """The field without its sign."""
        return self.field.lstrip("-")

    def value_of(self, row: Model) -> Any:
        """The row's sort value, through annotations and relations."""
        value: Any = row
        for name in [self.path] if hasattr(row, self.path) else self.path.split("__"):
            value = getattr(value, name, None)
        return value


@dataclass(frozen=True, slots=True)
class Position:
    """A row's place in an order: what a cursor says."""

    value: Any
    pk: int

    def sign(self, sort: Sort) -> str:
        """A cursor that only we can have written and that fits no other order."""
        code, pack = _PACK.get(type(self.value), ("", lambda value: value))
        return signing.dumps([sort.key, code, pack(self.value), self.pk], salt=SALT)

    @classmethod
    def read(cls, cursor: str, sort: Sort) -> "Position":
        """The place a cursor names; Refused if it is none of ours or of another order."""
        try:
            key, code, value, pk = signing.loads(cursor, salt=SALT)
        except (signing.BadSignature, ValueError):
            key, code, value, pk = None, "", None, 0
        if key != sort.key:
            raise Refused(_("This page marker is not valid."), rule="cursor", way_out=_("Open the list's first page."))
        return cls(_UNPACK[code](value) if code else value, pk)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of rows, and the cursors of its neighbours ("" where there is none)."""

    rows: Sequence[T]
    previous: str
    next: str


def ordered(queryset: QuerySet[T], sort: Sort, *, backwards: bool = False) -> QuerySet[T]:
    """`queryset` in the order of `sort`, or in the opposite one."""
    descending = sort.is_descending != backwards
    expression = F(sort.path)
    nulls = ({"nulls_first": True} if backwards else {"nulls_last": True}) if sort.nullable else {}
    first = expression.desc(**nulls) if descending else expression.asc(**nulls)
    return queryset.order_by(first, "-pk" if descending else "pk")


def beyond(sort: Sort, position: Position, *, backwards: bool = False) -> Q:
    """The rows that come after `position`, or before it."""
    side = "lt" if sort.is_descending != backwards else "gt"
    tie = Q(**{f"pk__{side}": position.pk})
    is_null = Q(**{f"{sort.path}__isnull": True})
    if sort.nullable and position.value is None:
        return ~is_null | tie if backwards else is_null & tie
    strictly = Q(**{f"{sort.path}__{side}": position.value})
    # The outer bound repeats the inner one so that the database can start inside the index.
    bounded = Q(**{f"{sort.path}__{side}e": position.value}) & (strictly | tie)
    return bounded | is_null if sort.nullable and not backwards else bounded


def page_of(queryset: QuerySet[T], sort: Sort, *, size: int, after: str = "", before: str = "") -> Page[T]:
    """At most `size` rows after or before a cursor, or from the start; one query."""
    backwards = bool(before) and not after
    rows = ordered(queryset, sort, backwards=backwards)
    if cursor := after or before:
        rows = rows.filter(beyond(sort, Position.read(cursor, sort), backwards=backwards))
    found = list(rows[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page(found, "", "")

    def cursor_at(row: T) -> str:
        return Position(sort.value_of(row), row.pk).sign(sort)

    has_previous = has_more if backwards else bool(after)
    has_next = True if backwards else has_more
    return Page(found, cursor_at(found[0]) if has_previous else "", cursor_at(found[-1]) if has_next else "")
