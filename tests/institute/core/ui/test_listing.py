import asyncio
import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from institute.core.errors import Refused
from institute.core.ui import formats, listing
from institute.core.ui.listing import Filter, Listing, Sort, export
from institute.core.ui.listing.keyset import Position, page_of
from institute.people.enums import Role
from institute.people.models import User
from tests.factories.people import UserFactory
from tests.institute.core.ui.urls import PeopleListing

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.institute.core.ui.urls")]
START = datetime(2026, 11, 1, tzinfo=UTC)


def people(*names: str, **fields: Any) -> list[User]:
    return [UserFactory.create(name=name, **fields) for name in names]


def names(answer: HttpResponse) -> list[str]:
    return [row.name for row in answer.context["listing"].page.rows]


def link(answer: HttpResponse, which: str) -> str:
    return str(getattr(answer.context["listing"], f"{which}_url"))


def test_pages_follow_one_another_forwards_and_back(client: Client) -> None:
    people(*"gfedcba")
    first = client.get("/people")
    second = client.get(link(first, "next"))
    third = client.get(link(second, "next"))
    assert [names(page) for page in (first, second, third)] == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert (link(first, "previous"), link(third, "next")) == ("", "")
    assert names(client.get(link(third, "previous"))) == ["d", "e", "f"]
    back = client.get(link(second, "previous"))
    assert (names(back), link(back, "previous")) == (["a", "b", "c"], "")


@pytest.mark.parametrize("field", ["name", "-name", "last_login", "-last_login", "joined_at", "-pk"])
def test_walking_the_pages_of_any_order_meets_each_row_once(field: str) -> None:
    seen = [None, START, START, None, START + timedelta(days=1), None, START - timedelta(days=1)]
    for index, moment in enumerate(seen):
        people("abcabca"[index], last_login=moment, joined_at=START + timedelta(hours=index % 3))
    sort = Sort("it", "it", field, nullable="last_login" in field)
    walked: list[list[int]] = []
    page = page_of(User.objects.all(), sort, size=2)
    while True:
        walked.append([row.pk for row in page.rows])
        if not page.next:
            break
        page = page_of(User.objects.all(), sort, size=2, after=page.next)
    flat = [pk for rows in walked for pk in rows]
    assert sorted(flat) == sorted(User.objects.values_list("pk", flat=True))
    backwards = [walked[-1]]
    while page.previous:
        page = page_of(User.objects.all(), sort, size=2, before=page.previous)
        backwards.insert(0, [row.pk for row in page.rows])
    assert [pk for rows in backwards for pk in rows] == flat


def test_rows_without_a_value_come_last_in_both_directions() -> None:
    people("never"), people("then", last_login=START)
    for field in ("last_login", "-last_login"):
        assert [row.name for row in page_of(User.objects.all(), Sort("x", "x", field, nullable=True), size=9).rows] == [
            "then",
            "never",
        ]


def test_a_row_added_before_the_page_shifts_nothing(client: Client) -> None:
    people(*"bcdefg")
    first = client.get("/people")
    people("a")
    assert names(client.get(link(first, "next"))) == ["e", "f", "g"]


def test_a_page_emptied_meanwhile_leads_to_the_start(client: Client) -> None:
    people(*"abcd")
    first = client.get("/people")
    User.objects.filter(name="d").delete()
    html = client.get(link(first, "next")).content.decode()
    assert "Nothing matches" in html
    assert 'href="/people"' in html


@given(
    st.none()
    | st.integers()
    | st.text()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.decimals(allow_nan=False)
)
def test_a_cursor_comes_back_as_it_went(value: Any) -> None:
    sort = Sort("key", "label", "field")
    assert Position.read(Position(value, 7).sign(sort), sort) == Position(value, 7)


def test_a_cursor_cannot_be_forged_or_used_for_another_order(client: Client) -> None:
    people(*"abcd")
    cursor = parse_qs(urlsplit(link(client.get("/people"), "next")).query)["after"][0]
    for address in (f"/people?after={cursor}x", f"/people?sort=last&after={cursor}", "/people?before=1"):
        answer = client.get(address)
        assert answer.status_code == 422
        assert "Open the list&#x27;s first page." in answer.content.decode()


def test_every_word_of_a_search_must_occur_somewhere(client: Client) -> None:
    UserFactory.create(name="Amina Diallo", email="amina@lab.example")
    UserFactory.create(name="Amina Sow", email="sow@other.example")
    assert names(client.get("/people?q=AMINA+lab")) == ["Amina Diallo"]
    assert names(client.get("/people?q=amina")) == ["Amina Diallo", "Amina Sow"]
    assert names(client.get("/people?q=%25")) == []


def test_filters_narrow_by_field_by_name_or_by_function(client: Client) -> None:
    people("a", language="fr"), people("b", time_zone="Europe/Paris"), people("c", last_login=START)
    assert names(client.get("/people?language=fr")) == ["a"]
    assert names(client.get("/people?zone=Europe/Paris")) == ["b"]
    assert names(client.get("/people?seen=no&language=en")) == ["b"]


@pytest.mark.parametrize("query", ["language=xx", "sort=password", "zone=x", "sort=-email"])
def test_what_the_list_does_not_offer_is_refused(client: Client, query: str) -> None:
    answer = client.get(f"/people?{query}")
    assert answer.status_code == 422
    assert "Open the list without that part of the address." in answer.content.decode()


@pytest.mark.parametrize("query", ["q=" + "x" * 5000, "q=" + "a+" * 500, "format=exe", "page=2", "q=%F0%9F%98%80"])
def test_odd_input_is_harmless(client: Client, query: str) -> None:
    assert client.get(f"/people?{query}").status_code == 200


@pytest.mark.parametrize("query", ["q=%00", "zone=%00"])
def test_nul_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/people?{query}").status_code == 400


def test_paging_keeps_search_filters_and_order(client: Client) -> None:
    people(*["ann"] * 7, language="fr")
    address = link(client.get("/people?q=ann&language=fr&sort=-name&junk=1"), "next")
    query = parse_qs(urlsplit(address).query)
    assert (query.pop("after") != [], query) == (True, {"q": ["ann"], "language": ["fr"], "sort": ["-name"]})


def test_headings_sort_and_say_how(client: Client) -> None:
    people("a")
    html = unescape(client.get("/people?sort=-id").content.decode())
    assert '<th scope="col" class="num" aria-sort="descending"><a href="/people?sort=id">' in html
    assert '<th scope="col"><a href="/people">' in html
    assert '<th scope="col">E-mail</th>' in html


def test_the_number_of_rows_is_asked_only_where_the_page_does_not_tell_it(client: Client) -> None:
    people(*"abc")
    with CaptureQueriesContext(
        connection,
    ) as few:
        html = client.get("/people").content.decode()
    assert ("3 entries" in html, len(few)) == (True, 1)
    people(*"def")
    with CaptureQueriesContext(connection) as more:
        html = client.get("/people").content.decode()
    assert ("6 entries" in html, len(more)) == (True, 2)


def test_counting_ends_at_ten_thousand() -> None:
    assert Listing.count_text(1) == "1 entry"
    assert Listing.count_text(10_000) == "10,000 entries"
    assert Listing.count_text(10_001) == "10,000+ entries"


def test_an_empty_list_says_what_to_do_next(client: Client) -> None:
    html = client.get("/people").content.decode()
    assert "Nobody yet" in html
    assert '<a class="button" href="/invite">Invite someone</a>' in html
    assert "Nothing matches" in client.get("/people?q=zzz").content.decode()


def test_htmx_gets_the_results_alone_and_the_address_that_shows_them(client: Client) -> None:
    people("a")
    part = client.get("/people?q=a&language=&sort=", headers={"HX-Request": "true"})
    assert part.content.decode().startswith('<div id="listing-results"')
    assert part["HX-Push-Url"] == "/people?q=a"
    assert "HX-Request" in part["Vary"]
    whole = client.get("/people", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in whole.content.decode()
    assert "HX-Request" in client.get("/people")["Vary"]


def test_the_form_works_without_script_and_keeps_what_was_chosen(client: Client) -> None:
    html = client.get("/people?q=%3Cb%3E&language=fr&sort=newest").content.decode()
    assert '<form class="filters" method="get" action="/people"' in html
    assert 'value="&lt;b&gt;"' in html
    assert '<option value="fr" selected>French</option>' in html
    assert '<option value="newest" selected>' in html
    assert '<option value="name" selected>' in client.get("/people").content.decode()


def test_the_file_holds_all_rows_of_the_page_s_filters_and_order(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 2)
    people(*"cab", language="fr"), people("x")
    answer = client.get("/people?language=fr&sort=-name&format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="people.csv"'
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode())))
    assert rows[0] == ["Name", "E-mail", "Last seen", "Number (running)"]
    assert [row[0] for row in rows[1:]] == ["c", "b", "a"]


def test_the_file_of_an_empty_list_is_its_heading(client: Client) -> None:
    assert client.get("/people?format=csv").getvalue().decode().count("\r\n") == 1


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1"])
def test_nothing_in_the_file_is_a_formula(value: str) -> None:
    assert export.cell(value) == "'" + value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (-5, "-5"),
        (2.5, "2.5"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "2026-01-02"),
        (START, START.isoformat()),
    ],
)
def test_values_in_the_file_are_plain(value: Any, text: str) -> None:
    assert export.cell(value) == text


@pytest.mark.django_db(transaction=True)
def test_an_asgi_server_gets_the_file_line_by_line() -> None:
    people("a", "b")
    request = AsyncRequestFactory().get("/people?format=csv")

    async def collect() -> tuple[StreamingHttpResponse, list[bytes]]:
        answer = export.response(request, PeopleListing, User.objects.all(), Sort("name", "", "name"))
        return answer, [chunk async for chunk in answer]

    with ThreadPoolExecutor() as threads:  # a browser test before this one leaves its loop in the main thread
        answer, chunks = threads.submit(asyncio.run, collect()).result()
    assert answer.is_async
    assert len(chunks) == 2


def test_cards_replace_the_table(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PeopleListing, "card_template", "core/_chain.html")
    people("a")
    html = client.get("/people").content.decode()
    assert ('<ul class="result-cards"><li>' in html, "<table>" in html) == (True, False)


def test_a_list_without_declared_orders_is_newest_first() -> None:
    class Bare(Listing[User]):
        title = "Bare"

    old, new = people("old", "new")
    request = SimpleNamespace(GET={}, path="/bare")
    bound: listing.BoundListing[User] = listing.BoundListing(request, Bare, User.objects.all())  # type: ignore[arg-type]
    assert list(bound.page.rows) == [new, old]
    assert (bound.csv_url, bound.count_text, bound.is_narrowed) == ("", "2 entries", False)


def test_a_value_that_is_not_there_is_a_dash() -> None:
    class Bare(Listing[User]):
        title = "Bare"
        columns = [listing.Column("seen", "Seen", lambda user: user.last_login)]

    people("new")
    request = SimpleNamespace(GET={}, path="/bare")
    bound: listing.BoundListing[User] = listing.BoundListing(request, Bare, User.objects.all())  # type: ignore[arg-type]
    assert [cell.text for row in bound.rows for cell in row] == [formats.dash()]


def test_an_annotation_and_a_relation_can_be_sorted_by() -> None:
    user = people("a")[0]
    assert Sort("k", "", "-profile__city").value_of(SimpleNamespace(profile=SimpleNamespace(city="X"))) == "X"  # type: ignore[arg-type]
    assert Sort("k", "", "profile__city").value_of(SimpleNamespace(profile=None)) is None  # type: ignore[arg-type]
    user.total__hours = 5  # type: ignore[attr-defined]
    assert Sort("k", "", "total__hours").value_of(user) == 5


def test_a_refusal_names_the_parameter(rf: RequestFactory) -> None:
    with pytest.raises(Refused) as caught:
        listing.BoundListing(rf.get("/people?language=xx"), PeopleListing, User.objects.all())
    assert (caught.value.field, caught.value.rule) == ("language", "listing")


def test_an_enum_gives_a_filter_its_options(rf: RequestFactory) -> None:
    options = Filter("role", "Role", Role).options_for(rf.get("/"))
    assert options[0] == (Role.ADMIN.value, Role.ADMIN.label)
    assert len(options) == len(Role)
