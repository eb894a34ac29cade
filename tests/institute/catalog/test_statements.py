"""How many statements the pages need, whatever the number of rows."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from institute.catalog.models import Revision
from institute.people.models import User
from tests.factories.catalog import (
    OUTPUT,
    drafted,
    lead_of,
    paid_allocation,
    proposed,
    published,
    published_data,
    published_paper,
    reviewer,
)
from tests.factories.clients import client_of

pytestmark = pytest.mark.django_db
MOST_SQL = 15


def statements(url: str, user: User | None = None) -> int:
    client = client_of(user)
    client.get(url)  # caches of the process: sites, content types, donors in the footer
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("url", ["/models", "/datasets", "/papers", "/", "/search?q=a", "/revisions"])
def test_lists_need_the_same_statements_for_one_and_three_rows(url: str) -> None:
    person = reviewer() if url == "/revisions" else None

    def add() -> None:
        revision = published()
        published_data()
        published_paper(revision)
        proposed()

    add()
    one = statements(url, person)
    add()
    add()
    assert statements(url, person) == one <= MOST_SQL


DETAILS: dict[str, Callable[[Revision], str]] = {
    "model": lambda revision: revision.artifact.get_absolute_url(),
    "json": lambda revision: revision.artifact.get_absolute_url() + "/provenance.json",
    "tree": lambda revision: revision.artifact.get_absolute_url() + "/tree/v1",
    "history": lambda revision: revision.artifact.get_absolute_url() + "/commits/v1",
    "file": lambda revision: revision.artifact.get_absolute_url() + "/blob/v1/README.md",
}


@pytest.mark.parametrize("kind", DETAILS)
@pytest.mark.parametrize("signed_in", [False, True])
def test_detail_pages_need_at_most_fifteen_statements_whatever_the_rows(kind: str, signed_in: bool) -> None:
    small = published(seconds=90)
    large = published(
        allocation=paid_allocation(pledges=3, seconds=1800),
        seconds=4500,
        files=OUTPUT | {f"part/{n}.txt": str(n).encode() for n in range(20)},
    )
    for _ in range(3):
        published_paper(large)
    assert statements(DETAILS[kind](small), lead_of(small) if signed_in else None) <= MOST_SQL
    assert statements(DETAILS[kind](large), lead_of(large) if signed_in else None) <= MOST_SQL


def test_paper_and_draft_pages_need_at_most_fifteen_statements() -> None:
    revision = published()
    paper = published_paper(revision)
    assert statements(paper.get_absolute_url()) <= MOST_SQL
    waiting = drafted(allocation=paid_allocation(revision.artifact.project))
    assert statements(waiting.get_absolute_url(), lead_of(waiting)) <= MOST_SQL
    assert statements(paper.get_absolute_url(), lead_of(revision)) <= MOST_SQL
