"""The whole chain in a browser: a pledge is accepted and, in the end, anyone walks back to it from a public model."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.institute import Institute
from tests.servers.browser import PageErrors

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOUR = 3600
PLEDGE = "Spare hosts"
DONOR = "Open Host Programme"
THANKS = "Trained in the spare hours of other people's hosts."
MODEL = "probe-small"
SOON = 30_000  # until a job starts, on a busy machine
LATER = 90_000  # until it has ended and its output is accepted
Shot = Callable[[Page, str], Path]


class Cast:
    """A window for each person, all watched."""

    def __init__(self, institute: Institute, errors: PageErrors) -> None:
        self.institute, self.errors = institute, errors
        self.contexts: dict[str, BrowserContext] = {}

    def page(self, handle: str, address: str) -> Page:
        """The person's page at an address."""
        if handle not in self.contexts:
            size: Any = {"width": 1280, "height": 900}
            self.contexts[handle] = self.institute.context(self.errors, handle, viewport=size, locale="en")
        context = self.contexts[handle]
        page = context.pages[0] if context.pages else context.new_page()
        page.goto(address)
        return page

    def close(self) -> None:
        """All windows shut."""
        for context in self.contexts.values():
            context.close()


def test_a_pledge_becomes_a_public_model(institute: Institute, page_errors: PageErrors, screenshot: Shot) -> None:
    pledge, request = _offer(institute), _ask(institute)
    cast = Cast(institute, page_errors)
    _accept_pledge(cast, institute, pledge)
    _approve_request(cast, request)
    job = _submit_job(cast, screenshot)
    _watch_job(job, screenshot)
    revision = _propose(job)
    _approve_revision(cast, revision)
    _walk_back(cast, screenshot)
    cast.close()


def _offer(institute: Institute) -> str:
    """A pledge that the donor has offered: the officer's next piece of work."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    body = {
        "donor": institute.seeded.donor,
        "title": PLEDGE,
        "window_starts_at": (today - timedelta(days=1)).isoformat(),
        "window_ends_at": (today + timedelta(days=90)).isoformat(),
        "terms": {"type_slug": "cpu-host", "amount": 100 * HOUR, "notice_days": 14},
        "restrictions": [{"kind": "cite", "text": THANKS}],
    }
    return str(institute.people["goran"].post("pledges", body)["id"])


def _ask(institute: Institute) -> str:
    """A request of the project glassbox that waits for operations."""
    lead = institute.people["ines"]
    project = next(row["id"] for row in lead.each("projects") if row["handle"] == "glassbox")
    now = datetime.now(UTC)
    line = {"type": "cpu-host", "runs": 1, "accelerators": 1, "hours": 1}
    window = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(days=30)).isoformat()}
    body = {
        "project": project,
        "justification": "Small models whose every weight can be looked at.",
        "output_licence": "Apache-2.0",
        "accepts_publishing": True,
        "lines": [line | window],
    }
    request = lead.post("requests", body)
    lead.post(f"requests/{request['id']}/submit")
    return str(request["id"])


def _accept_pledge(cast: Cast, institute: Institute, pledge: str) -> None:
    page = cast.page("goran", f"/pledges/{pledge}")
    expect(page.locator(".head .badge")).to_have_text("offered")
    page.get_by_role("button", name="Accept the pledge").click()
    expect(page.locator(".head .badge")).to_have_text("active")
    operations = institute.people["ophelia"]
    provider = next(row["id"] for row in operations.each("providers") if row["name"] == "Machine room")
    cluster = next(row["id"] for row in operations.each("clusters") if row["slug"] == "this-machine")
    operations.post("supplies", {"pledge": pledge, "provider": provider, "clusters": [cluster]})


def _approve_request(cast: Cast, request: str) -> None:
    """All hours from the new pledge, none from the other that could give them."""
    page = cast.page("ophelia", f"/requests/{request}")
    page.get_by_role("main").get_by_role("link", name="Approve", exact=True).click()
    for field in page.get_by_label(re.compile(r"^Line 1 from ")).all():
        field.fill("0")
    page.get_by_label(f"Line 1 from {PLEDGE} (hours)").fill("1")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".head .badge").first).to_have_text("active")


def _submit_job(cast: Cast, screenshot: Shot) -> Page:
    """First more than there is: the refusal says what to do. Then within it: the quote says who pays."""
    page = cast.page("ines", "/jobs/new?recipe=stdlib_runner")
    page.get_by_label("Name").fill(MODEL)
    page.get_by_label("Steps", exact=True).fill("120")
    page.get_by_label("Licence").select_option(label="Apache 2.0")
    page.get_by_text("More settings").click()
    page.get_by_label("Milliseconds a step").fill("150")
    page.get_by_label("Report to the tracker").check()
    page.get_by_label("Time limit").fill("600")
    page.get_by_label("Time limit").blur()
    expect(page.locator("#quote .note.bad")).to_contain_text("Ask for a supplement, or for less time")
    screenshot(page, "chain-refused")
    page.get_by_label("Time limit").fill("10")
    page.get_by_label("Time limit").blur()
    expect(page.locator("#quote")).to_contain_text(PLEDGE)
    expect(page.locator("#quote .note.bad")).to_have_count(0)
    screenshot(page, "chain-quoted")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name=MODEL, level=1)).to_be_visible()
    return page


def _watch_job(page: Page, screenshot: Shot) -> None:
    """State, curve and log move while the page stays the same."""
    page.evaluate("window.stayed = true")
    expect(page.locator("#state .badge")).to_have_text("running", timeout=SOON)
    curve = page.locator("#run-panel svg path.curve").first
    expect(curve).to_be_attached(timeout=SOON)
    expect(page.get_by_role("navigation", name="From donor to public").locator("li", has_text="Run")).to_contain_text(
        MODEL
    )
    drawn, printed = _path(curve), page.locator("#log pre").inner_text(timeout=SOON)
    expect(curve).not_to_have_attribute("d", drawn, timeout=SOON)
    expect(page.locator("#log pre")).not_to_have_text(printed, timeout=SOON)
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    screenshot(page, "chain-running")
    expect(page.locator("#state .badge")).to_have_text("succeeded", timeout=LATER)
    expect(page.locator("#output")).to_contain_text("model.safetensors")
    assert page.evaluate("window.stayed") is True
    screenshot(page, "chain-succeeded")


def _path(curve: Locator) -> str:
    return curve.get_attribute("d") or ""


def _propose(page: Page) -> str:
    """From the job's page: a draft; without the donor's sentence it is refused, with it proposed."""
    page.get_by_role("button", name="Draft a revision").click()
    expect(page.locator(".head .badge").first).to_have_text("draft")
    expect(page.locator(".prose")).to_contain_text(THANKS)
    page.get_by_role("link", name="edit").click()
    card = page.get_by_label("Card")
    card.fill(card.input_value().replace(THANKS, ""))
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Propose for publication").click()
    expect(page.locator(".messages")).to_contain_text(f"of pledge “{PLEDGE}” asks the card to say")
    expect(page.locator(".head .badge").first).to_have_text("draft")
    page.get_by_role("button", name="Add the donors' sentences to the card").click()
    expect(page.locator(".prose")).to_contain_text(THANKS)
    page.get_by_role("button", name="Propose for publication").click()
    expect(page.locator(".head .badge").first).to_have_text("in review")
    return page.url


def _approve_revision(cast: Cast, address: str) -> None:
    page = cast.page("rosalind", address)
    expect(page.locator(".prose")).to_contain_text(THANKS)
    page.get_by_role("button", name="Approve and publish").click()
    expect(page.locator(".head .badge").first).to_have_text("published")


def _walk_back(cast: Cast, screenshot: Shot) -> None:
    """Anyone, from the first page to the model and from the model to the donor."""
    page = cast.page("", "/")
    page.get_by_role("main").get_by_role("link", name=MODEL).first.click()
    expect(page.get_by_role("heading", name=MODEL, level=1)).to_be_visible()
    expect(page.locator(".prose")).to_contain_text(THANKS)
    screenshot(page, "chain-model")
    ribbon = page.get_by_role("navigation", name="From donor to public")
    assert ribbon.get_by_role("link").count() >= 2
    ribbon.get_by_role("link", name=DONOR).click()
    expect(page.get_by_role("heading", name=DONOR, level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(MODEL)
    screenshot(page, "chain-donor")
