"""The job form and the job's page in a real browser, on a running platform with a job that really runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from tests.compute.jobs.live import RECIPES, end_all_jobs
from tests.factories.allocations import project_with
from tests.factories.jobs import allocation_on, one_host, submitted_job
from tests.factories.people import UserFactory
from tests.servers.browser import PageErrors, overflowing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def platform_environment():
    return RECIPES


@pytest.fixture
def platform(platform_server, tmp_path):
    yield platform_server
    platform_server.stop()
    end_all_jobs(tmp_path / "data")


def signed_in(browser: Browser, platform, user, **options):
    """A browser context in which the person has signed in."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(**options)
    port = platform.port
    for name, cookie in client.cookies.items():
        context.add_cookies([{"name": name.replace("8000", str(port)), "value": cookie.value, "url": platform.url}])
    return context


def test_a_job_is_submitted_watched_and_stopped(
    platform, browser: Browser, page_errors: PageErrors, screenshot: Callable[[Page, str], Path]
) -> None:
    lead = UserFactory.create(name="Lena Lead")
    allocation_on(one_host(name="This machine"), project=project_with(lead=lead, title="Low-resource LMs"))
    context = signed_in(browser, platform, lead, viewport={"width": 1280, "height": 900})
    page = page_errors.watch(context).new_page()
    page.goto(f"{platform.url}/jobs/new?recipe=stdlib_runner")
    page.get_by_label("Name").fill("a long walk")
    page.get_by_label("Steps", exact=True).fill("3000")
    page.get_by_label("Steps", exact=True).blur()
    expect(page.locator("#quote")).to_contain_text("Now: a host is free.")
    screenshot(page, "job-form-1280")
    page.get_by_text("More settings").click()
    page.get_by_label("Milliseconds a step").fill("100")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="a long walk")).to_be_visible()
    expect(page.locator("#state .badge")).to_have_text("running", timeout=30_000)
    expect(page.locator("#log pre")).to_contain_text("step 5/3000", timeout=30_000)
    screenshot(page, "job-running-1280")
    page.get_by_text("Stop and keep the checkpoint").click()
    page.get_by_label("Reason").fill("seen enough")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#state .badge")).to_have_text("cancelled", timeout=60_000)
    expect(page.locator(".live")).to_have_count(0)
    screenshot(page, "job-cancelled-1280")
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_jobs_are_accessible(
    platform,
    browser: Browser,
    page_errors: PageErrors,
    axe: Callable[[Page], None],
    screenshot: Callable[[Page, str], Path],
    scheme: str,
    width: int,
) -> None:
    lead = UserFactory.create(name="Lena Lead")
    allocation = allocation_on(one_host(), project=project_with(lead=lead))
    job = submitted_job(allocation=allocation, by=lead, name="a walk", step_ms=100, max_steps=600)
    context = signed_in(
        browser,
        platform,
        lead,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},  # type: ignore[arg-type]
    )
    page = page_errors.watch(context).new_page()
    for name, address in (
        ("list", "/jobs"),
        ("form", "/jobs/new?recipe=stdlib_runner"),
        ("job", f"/jobs/{job.public_id}"),
    ):
        page.goto(f"{platform.url}{address}")
        page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true; })")
        screenshot(page, f"jobs-{name}-{scheme}-{width}")
        axe(page)
        assert overflowing(page) == [], address
    context.close()


def test_the_form_works_without_script(platform, browser: Browser, page_errors: PageErrors) -> None:
    lead = UserFactory.create()
    allocation_on(one_host(), project=project_with(lead=lead))
    context = signed_in(browser, platform, lead, java_script_enabled=False)
    page = page_errors.watch(context).new_page()
    page.goto(f"{platform.url}/jobs/new?recipe=stdlib_runner")
    page.get_by_label("Name").fill("a walk")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#quote")).to_contain_text("Now: a host is free.")
    expect(page.get_by_label("Name")).to_have_value("a walk")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="a walk")).to_be_visible()
    context.close()
