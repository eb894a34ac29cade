"""The furniture in a real browser: accessibility in the whole matrix, filtering as one types, live pages."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from institute.core.ui import navigation
from institute.people.enums import Role
from tests.factories.people import UserFactory, user_with
from tests.institute.core.ui import live_urls
from tests.servers.browser import PageErrors, overflowing

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.institute.core.ui.live_urls"),
]


@pytest.fixture
def state() -> Iterator[object]:
    """The live page's state; its stream ends with the test, so that the server can stop."""
    vars(live_urls.state).update(vars(live_urls.fresh_state()))
    yield live_urls.state
    for _ in range(8):
        live_urls.state.lines.put("end")


def hint(kind: str = "changed") -> None:
    live_urls.state.lines.put(f'event: hint\ndata: {{"subject": "x", "kind": "{kind}", "detail": ""}}\n\n')


@pytest.mark.parametrize("language", ["", "/fr"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_is_accessible(
    live_server: LiveServer,
    browser: Browser,
    page_errors: PageErrors,
    axe: Callable[[Page], None],
    screenshot: Callable[[Page, str], Path],
    scheme: str,
    width: int,
    language: str,
) -> None:
    client = Client()
    client.force_login(user_with(Role.OPERATIONS))
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    cookies = [{"name": name, "value": cookie.value, "url": live_server.url} for name, cookie in client.cookies.items()]
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = page_errors.watch(context).new_page()
    page.goto(f"{live_server.url}{language}/staff/style")
    screenshot(page, f"style-{scheme}-{width}{language.replace('/', '-')}")
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    axe(page)
    assert overflowing(page) == []
    context.close()


def test_a_list_filters_as_one_types_and_keeps_the_address(
    live_server: LiveServer, page: Page, page_errors: PageErrors
) -> None:
    for name in ("Amina", "Boris"):
        UserFactory.create(name=name)
    page.goto(f"{live_server.url}/people")
    field = page.get_by_label("Search this list")
    field.press_sequentially("ami")
    expect(page.get_by_role("status")).to_contain_text("1 entry")
    expect(page).to_have_url(f"{live_server.url}/people?q=ami")
    expect(field).to_be_focused()
    page.get_by_label("Language").select_option("fr")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("status")).to_contain_text("1 entry")


def test_a_hint_renews_the_parts_it_concerns(
    live_server: LiveServer, page: Page, page_errors: PageErrors, state: object
) -> None:
    page.goto(f"{live_server.url}/live")
    expect(page.locator(".live")).to_have_text("live · heard 0 s ago")
    expect(page.locator("#own")).to_have_text("first alone")
    live_urls.state.value = "second"
    hint("metrics")
    expect(page.locator("#own")).to_have_text("second alone")
    expect(page.locator("#page")).to_have_text("second")
    expect(page.locator("#log")).to_contain_text("first")
    page.locator("#log summary").click()
    page.evaluate("document.activeElement.blur()")
    live_urls.state.value = "third"
    hint("log")
    expect(page.locator("#log details[open]")).to_contain_text("third")
    assert set(live_urls.state.asked) == {"", "1"}


def test_a_page_that_is_over_closes_its_stream(
    live_server: LiveServer, page: Page, page_errors: PageErrors, state: object
) -> None:
    page.goto(f"{live_server.url}/live")
    expect(page.locator(".live")).to_contain_text("live")
    live_urls.state.value, live_urls.state.is_over = "last", True
    hint()
    expect(page.locator("#page")).to_have_text("last")
    expect(page.locator(".live")).to_have_count(0)


def test_without_its_stream_a_page_asks_by_itself_and_says_so(
    live_server: LiveServer, page: Page, state: object
) -> None:
    live_urls.state.has_stream = False
    page.clock.install()
    page.goto(f"{live_server.url}/live")
    page.clock.run_for(1_500)
    expect(page.locator(".live")).to_contain_text("asking every 10 s")
    live_urls.state.value = "second"
    page.clock.run_for(12_000)
    expect(page.locator("#page")).to_have_text("second")
    live_urls.state.has_stream = True
    page.clock.run_for(16_000)
    expect(page.locator(".live")).to_contain_text("live")


def test_a_live_page_without_script_says_as_of_when(live_server: LiveServer, browser: Browser, state: object) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/live")
    expect(page.locator(".live")).to_contain_text("reload for news")
    context.close()


def test_slash_leads_to_the_search(
    live_server: LiveServer, page: Page, page_errors: PageErrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(navigation, "_search", ["models"])
    page.goto(f"{live_server.url}/people")
    page.keyboard.press("/")
    expect(page.locator("#site-search")).to_be_focused()
    page.get_by_label("Search this list").focus()
    page.keyboard.press("/")
    expect(page.get_by_label("Search this list")).to_have_value("/")
