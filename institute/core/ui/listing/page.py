"""A list as one request sees it: rows, state of the filters, addresses of every change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from institute.core.errors import Refused
from institute.core.ui import formats, forms
from institute.core.ui.listing import export
from institute.core.ui.listing.keyset import Page, Sort, T, page_of
from institute.core.ui.listing.spec import MOST_COUNTED, Column, Listing

LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class FilterState:
    """A filter with what is chosen."""

    name: str
    label: str | Promise
    options: Sequence[tuple[str, str | Promise]]
    value: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: `sort_url` leads to its other order, `direction` is aria-sort's word."""

    label: str | Promise
    is_number: bool
    sort_url: str
    direction: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of the table."""

    text: Any
    url: str
    detail: Any
    is_number: bool


class BoundListing(Generic[T]):
    """`listing` bound to a request; templates draw it with {% include "core/_listing.html" %}."""

    def __init__(self, request: HttpRequest, spec: type[Listing[T]], queryset: QuerySet[T]) -> None:
        self.request, self.spec = request, spec
        self.query = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
        self.sort = self._sort()
        self.filters = [self._state(name) for name in range(len(spec.filters))]
        self.queryset = self._narrowed(queryset)

    def _sort(self) -> Sort:
        sorts = self.spec.all_sorts()
        key = self.request.GET.get("sort") or self.spec.first_sort()
        if key not in sorts:
            raise self._refusal(_("This list cannot be sorted that way."), "sort")
        return sorts[key]

    def _state(self, index: int) -> FilterState:
        declared = self.spec.filters[index]
        options, value = declared.options_for(self.request), self.request.GET.get(declared.name, "")
        if value and value not in {key for key, _label in options}:
            raise self._refusal(_("One of the filters has a value that is not among its choices."), declared.name)
        return FilterState(declared.name, declared.label, options, value)

    def _refusal(self, message: str, field: str) -> Refused:
        return Refused(
            message, field=field, rule="listing", way_out=_("Open the list without that part of the address.")
        )

    def _narrowed(self, queryset: QuerySet[T]) -> QuerySet[T]:
        for declared, state in zip(self.spec.filters, self.filters, strict=True):
            if state.value:
                queryset = declared.narrow(queryset, state.value)
        return self.spec.find(queryset, self.query) if self.query and self.spec.search else queryset

    @cached_property
    def page(self) -> Page[T]:
        """The rows to show; one query."""
        size, params = self.spec.page_size, self.request.GET
        after, before = params.get("after", ""), params.get("before", "")
        return page_of(self.queryset, self.sort, size=size, after=after, before=before)

    @cached_property
    def count(self) -> int:
        """Rows that match, counted up to 10,001; no query where the page already tells."""
        if not self.page.next and not self.page.previous:
            return len(self.page.rows)
        return self.queryset.order_by()[: MOST_COUNTED + 1].count()

    @property
    def count_text(self) -> str:
        """`count` in words."""
        return self.spec.count_text(self.count)

    @property
    def is_narrowed(self) -> bool:
        """True while a search or a filter is on."""
        return bool(self.query or any(state.value for state in self.filters))

    def url(self, **changes: str) -> str:
        """The list's address with `changes` made; paging starts again unless it is among them."""
        params = {"q": self.query} | {state.name: state.value for state in self.filters}
        params |= {"sort": self.sort.key} | changes
        if params["sort"] == self.spec.first_sort():
            del params["sort"]
        query = urlencode({name: value for name, value in params.items() if value})
        return f"{self.request.path}?{query}" if query else self.request.path

    @property
    def here(self) -> str:
        """The address of what is shown, without its page."""
        return self.url()

    @property
    def next_url(self) -> str:
        """The page after this one, "" on the last."""
        return self.url(after=self.page.next) if self.page.next else ""

    @property
    def previous_url(self) -> str:
        """The page before this one, "" on the first."""
        return self.url(before=self.page.previous) if self.page.previous else ""

    @property
    def csv_url(self) -> str:
        """The same rows, all of them, as a file."""
        return self.url(format="csv") if self.spec.columns else ""

    @property
    def orders(self) -> list[Sort]:
        """What the choice of order offers: the declared ones, and that of a column's heading while it is on."""
        declared = list(self.spec.sorts)
        return declared if not declared or self.sort in declared else [self.sort, *declared]

    @property
    def headings(self) -> list[Heading]:
        """The table's headings."""
        return [self._heading(column) for column in self.spec.columns]

    def _heading(self, column: Column[T]) -> Heading:
        orders = {self.sort.key: "ascending"} if not self.sort.is_descending else {self.sort.key: "descending"}
        keys = [sort.key for sort in column.sorts]
        current = self.sort.key if self.sort.key in keys else ""
        first = keys[1 if column.is_number else 0] if keys else ""
        other = next((key for key in keys if key != current), "") if current else first
        return Heading(column.label, column.is_number, self.url(sort=other) if other else "", orders.get(current, ""))

    @property
    def rows(self) -> list[list[Cell]]:
        """The table's cells."""
        return [[self._cell(column, row) for column in self.spec.columns] for row in self.page.rows]

    def _cell(self, column: Column[T], row: T) -> Cell:
        text = column.show(row) if column.show else column.value(row)
        text = formats.dash() if text is None else text
        url = column.url(row) if column.url else ""
        return Cell(text, url, column.detail(row) if column.detail else "", column.is_number)


def render(
    request: HttpRequest,
    spec: type[Listing[T]],
    *,
    queryset: QuerySet[T],
    template: str = "core/listing_page.html",
    context: dict[str, Any] | None = None,
) -> HttpResponseBase:
    """Answer a list page: the page, the results alone for htmx, or the CSV file with `format=csv`.

    Two queries beside those of the filters' options: the rows, and their number where there is a second page.
    Raises Refused for an unknown order or filter value and for a cursor that is not ours.
    """
    listing = BoundListing(request, spec, queryset)
    if request.GET.get("format") == "csv" and spec.columns:
        return export.response(request, spec, listing.queryset, listing.sort)
    is_part = request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
    name = "core/_listing_results.html" if is_part else template
    answer = forms.render(request, name, {"listing": listing, **(context or {})})
    patch_vary_headers(answer, ["HX-Request"])
    if is_part:
        answer["HX-Push-Url"] = listing.here
    return answer
