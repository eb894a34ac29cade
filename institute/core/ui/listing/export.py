"""A list as a CSV file, streamed page by page, with nothing in it that a spreadsheet would run."""

import csv
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify

from institute.core.ui.listing.keyset import Sort, T, page_of
from institute.core.ui.listing.spec import Column, Listing

CHUNK = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Line:
    """What csv.writer writes to: hands each line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str:
    """A value as text; what a spreadsheet would take for a formula gets an apostrophe in front (OWASP)."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value)
    is_text = not isinstance(value, int | float)
    return "'" + text if is_text and text.startswith(FORMULA) else text


def lines(columns: Sequence[Column[T]], queryset: QuerySet[T], sort: Sort) -> Iterator[str]:
    """The heading, then chunks of rows; each chunk is one query, so nothing is held open or in memory."""
    writer = csv.writer(_Line())
    headings = [f"{column.label} ({column.unit})" if column.unit else column.label for column in columns]
    yield writer.writerow([cell(str(heading)) for heading in headings])
    after = ""
    while True:
        page = page_of(queryset, sort, size=CHUNK, after=after)
        yield "".join(writer.writerow([cell(column.value(row)) for column in columns]) for row in page.rows)
        after = page.next
        if not after:
            return


async def _async_lines(source: Iterator[str]) -> AsyncIterator[str]:
    """The same lines for an ASGI server, which would otherwise gather them all before it sends one."""

    def pull() -> str | None:
        return next(source, None)

    while (line := await sync_to_async(pull)()) is not None:
        yield line


def response(
    request: HttpRequest, listing: type[Listing[T]], queryset: QuerySet[T], sort: Sort
) -> StreamingHttpResponse:
    """The file as a download, in the order and with the filters of the page."""
    source = lines(listing.columns, queryset, sort)
    body = _async_lines(source) if isinstance(request, ASGIRequest) else source
    answer = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    name = slugify(str(listing.title)) or "list"
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer
