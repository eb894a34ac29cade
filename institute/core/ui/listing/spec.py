"""What a list page is made of, declared once per list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, cast

from django.db.models import Choices, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from institute.core.ui import formats
from institute.core.ui.listing.keyset import Sort, T

Text = str | Promise
Options = Sequence[tuple[str, Text]]
MOST_WORDS = 8
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column. `value` is the plain value (it goes to the CSV file), `show` what the page shows instead.

    `url` makes the cell a link, `detail` adds a second, quieter line, `sort` (a field path) makes the heading
    sort; `unit` is told in the CSV heading. The first column is the row's heading.
    """

    name: str
    label: Text
    value: Callable[[T], Any]
    show: Callable[[T], str | SafeString] | None = None
    url: Callable[[T], str] | None = None
    detail: Callable[[T], str | SafeString] | None = None
    sort: str = ""
    is_nullable: bool = False
    is_number: bool = False
    unit: Text = ""

    @property
    def sorts(self) -> tuple[Sort, ...]:
        """The two orders that the heading offers."""
        if not self.sort:
            return ()
        return (
            Sort(self.name, self.label, self.sort, self.is_nullable),
            Sort(f"-{self.name}", self.label, f"-{self.sort}", self.is_nullable),
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """One choice above the list, kept in the URL under `name`.

    `options` are an enum, pairs of (value, label), or a function of the request that returns pairs.
    Rows match where `field` (default: `name`) equals the value; or `apply` narrows the queryset itself.
    """

    name: str
    label: Text
    options: type[Choices] | Options | Callable[[HttpRequest], Options]
    field: str = ""
    apply: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None

    def options_for(self, request: HttpRequest) -> list[tuple[str, Text]]:
        """The pairs to choose from."""
        if isinstance(self.options, type):
            return [(str(value), label) for value, label in cast(type[Choices], self.options).choices]
        return list(self.options(request) if callable(self.options) else self.options)

    def narrow(self, queryset: QuerySet[T], value: str) -> QuerySet[T]:
        """The rows that match `value`."""
        if self.apply is not None:
            return self.apply(queryset, value)
        return queryset.filter(**{self.field or self.name: value})


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list says while it has no rows at all, and what to do next."""

    title: Text
    text: Text = ""
    action: Text = ""
    url: str = ""


class Listing(Generic[T]):
    """A list page. Subclass it, declare, and answer with `listing.render(request, YourListing, queryset=…)`.

    Rows are drawn from `columns`; or each by `card_template` (context: `row`), where a list reads better as cards;
    or all by a `table_template` of the room's own (context: `listing`), where rows carry buttons.
    """

    title: ClassVar[Text] = ""
    lede: ClassVar[Text] = ""
    columns: ClassVar[Sequence[Column[Any]]] = ()
    filters: ClassVar[Sequence[Filter]] = ()
    search: ClassVar[Sequence[str]] = ()
    search_label: ClassVar[Text] = _("Search this list")
    sorts: ClassVar[Sequence[Sort]] = ()
    default_sort: ClassVar[str] = ""
    empty: ClassVar[Empty] = Empty(_("Nothing here yet"))
    card_template: ClassVar[str] = ""
    table_template: ClassVar[str] = "core/_listing_table.html"
    page_size: ClassVar[int] = 25

    @classmethod
    def all_sorts(cls) -> dict[str, Sort]:
        """Every order the list offers, by key; newest first where none is declared."""
        declared = [*cls.sorts, *(sort for column in cls.columns for sort in column.sorts)]
        found = {sort.key: sort for sort in declared}
        return found or {"-newest": Sort("-newest", _("newest first"), "-pk")}

    @classmethod
    def first_sort(cls) -> str:
        """The order of a list that nobody has sorted."""
        return cls.default_sort or next(iter(cls.all_sorts()))

    @classmethod
    def find(cls, queryset: QuerySet[T], text: str) -> QuerySet[T]:
        """The rows in which every word of `text` occurs in one of the `search` fields."""
        for word in text.split()[:MOST_WORDS]:
            anywhere = Q()
            for path in cls.search:
                anywhere |= Q(**{f"{path}__icontains": word})
            queryset = queryset.filter(anywhere)
        return queryset

    @classmethod
    def count_text(cls, count: int) -> str:
        """How many rows match; above 10,000 the list does not count on."""
        if count > MOST_COUNTED:
            return ngettext("%(n)s+ entry", "%(n)s+ entries", count) % {"n": formats.number(MOST_COUNTED)}
        return ngettext("%(n)s entry", "%(n)s entries", count) % {"n": formats.number(count)}
