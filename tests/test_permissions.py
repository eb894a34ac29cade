"""Who gets what: one table of address × role → status, complete by construction.

The rule: what a person may not know of is 404, what they may see but not do 403; a page asks anonymous people to
sign in (302), the API answers them 401. Bodies are sparse (`addresses.sent`): who may act gets past the permission
to the form's own answer (200, 302, 400, 409 or 422), everybody else never does.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests.permissions.table import Row, addresses, methods_of, rows

TABLE = rows()
ROWS = [pytest.param(row, id=f"{row.method}-{row.key}") for row in TABLE]


@pytest.fixture(scope="module")
def institute(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The small institute and its people's sessions, built once."""
    from tests.permissions.standing import standing_institute  # needs the settings

    with standing_institute(django_db_blocker) as standing:
        yield standing


def answered(standing: Any, row: Row, person: str) -> int:
    """The status of one request, which leaves nothing behind."""
    from tests.permissions.addresses import address, sent  # needs the settings

    body: dict[str, Any] = {} if row.method == "GET" else {"data": sent(row.key, standing.world)}
    if body and row.name.startswith("api:"):
        body["content_type"] = "application/json"
    with transaction.atomic():
        response = getattr(standing.client(person), row.method.lower())(address(row.key, standing.world), **body)
        if response.streaming and not response.is_async:
            list(response.streaming_content)  # closes the file behind it
        transaction.set_rollback(True)
    return int(response.status_code)


def test_every_address_stands_in_the_table() -> None:
    there = {(row.name, row.method) for row in TABLE if not row.variant}
    wanted = {(name, method) for name, pattern in addresses() for method in methods_of(pattern)}
    assert sorted(wanted - there) == []


def test_every_row_has_an_address() -> None:
    known = {(name, method) for name, pattern in addresses() for method in methods_of(pattern)}
    assert sorted({(row.name, row.method) for row in TABLE} - known) == []


def test_no_row_stands_twice() -> None:
    keys = [(row.key, row.method) for row in TABLE]
    assert sorted(key for key in set(keys) if keys.count(key) > 1) == []


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_permission(row: Row, institute: Any) -> None:
    found = tuple(answered(institute, row, person) for person in row.columns)
    assert found == row.wanted, f"\n{row.line()}\nis in fact\n{row.line(found)}\n({', '.join(row.columns)})"
