"""The demo's institute on a running platform, and what people in a browser do there again and again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page

from institute.staff.management.demo import cast, seed
from institute.staff.management.demo.client import Caller
from institute.staff.management.demo.seed import Seeded
from tests.compute.jobs.live import RECIPES
from tests.servers.browser import PageErrors
from tests.servers.platform import PlatformServer, running_platform


@dataclass
class Institute:
    """People by their handle (`goran`, `leila`, …), what they have begun with, and where it runs."""

    platform: PlatformServer
    people: Mapping[str, Caller]
    passwords: Mapping[str, str]
    seeded: Seeded
    browser: Browser
    signed_in: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the platform answers."""
        return self.platform.url

    def context(self, errors: PageErrors, handle: str = "", **options: Any) -> BrowserContext:
        """A watched window of one person, signed in through the form the first time; of nobody without a handle."""
        if handle and handle not in self.signed_in:
            with self.browser.new_context(base_url=self.url) as first:
                self.sign_in(errors.watch(first).new_page(), handle)
                self.signed_in[handle] = first.storage_state()
        state = {"storage_state": self.signed_in[handle]} if handle else {}
        return errors.watch(self.browser.new_context(base_url=self.url, **state, **options))

    def sign_in(self, page: Page, handle: str) -> None:
        """What a person does who comes for the first time."""
        page.goto("/accounts/login/")
        page.locator("input[name=login]").fill(f"{handle}@example.org")
        page.locator("input[name=password]").fill(self.passwords[handle])
        page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        page.locator(".menu > summary").wait_for()


@contextmanager
def opened(folder: Path, browser: Browser) -> Iterator[Institute]:
    """The platform at work, and everything that the demo's chain begins with, entered over the API."""
    with running_platform(folder, RECIPES) as platform:
        own = {"PLATFORM_URL": platform.url, "STORAGE_URL": platform.environment["STORAGE_URL"]}
        with override_settings(**own):
            accounts = folder / "accounts"
            people = cast.cast_people(accounts)
            seeded = seed.seed(people, lambda _line: None, timezone.now())
            lines = [line.split("\t") for line in accounts.read_text().splitlines()]
            passwords = {email.split("@")[0]: password for email, password, _what in lines}
            try:
                yield Institute(platform, people, passwords, seeded, browser)
            finally:
                for person in people.values():
                    person.http.close()
