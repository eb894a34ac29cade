"""Chromium through Playwright: launch arguments, accessibility, silence of the console, screenshots."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError

REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
SCREENSHOTS = REPOSITORY / "tests" / "screenshots"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
OVERFLOWING = """() => {
    const style = (element) => getComputedStyle(element);
    const isLifted = (element) => style(element).position === 'absolute';
    const container = (element) => isLifted(element) ? element.offsetParent : element.parentElement;
    const scrolls = (element) => element && element !== document.body
        && (style(element).overflowX !== 'visible' || scrolls(container(element)));
    const right = (element) => Math.round(element.getBoundingClientRect().right);
    return document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
        .filter((element) => right(element) > innerWidth && !scrolls(container(element)))
        .map((element) => `${right(element)} ${element.outerHTML.slice(0, 120)}`);
}"""


def overflowing(page: Page) -> list[str]:
    """The elements, with their right edge, that make the page wider than its window; none if it fits."""
    found: list[str] = page.evaluate(OVERFLOWING)
    return found


@dataclass
class PageErrors:
    """Everything that went wrong in the watched browser contexts; a CSP violation is a console error too."""

    seen: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> BrowserContext:
        context.on("console", self._console)
        context.on("weberror", self._page_error)
        context.on("requestfailed", self._failed_request)
        return context

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.seen.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _page_error(self, error: WebError) -> None:
        self.seen.append(f"script: {getattr(error.error, 'message', error.error)}")

    def _failed_request(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # leaving a page aborts its open stream
            self.seen.append(f"request: {request.url} {request.failure}")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium; Playwright never downloads one."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("Browser tests need Chromium: `apt-get install chromium`, or run `make test` as root.")
    # Playwright's synchronous calls run an event loop in this thread, which Django would take for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {**browser_type_launch_args, "executable_path": chromium, "args": ARGUMENTS}


@pytest.fixture
def page_errors(context: BrowserContext) -> Iterator[PageErrors]:
    """Watches the test's context, and others given to `.watch(context)`; fails the test if anything was seen."""
    errors = PageErrors()
    errors.watch(context)
    yield errors
    assert errors.seen == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """`axe(page)` fails unless axe-core finds nothing; run as a script of ours it works under a strict CSP."""
    if not AXE.exists():
        pytest.fail("Accessibility tests need axe-core: run `make node_modules`.")
    source = AXE.read_text()

    def check(page: Page) -> None:
        page.evaluate(source + ";0")
        found = page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)["violations"]
        places = {item["id"]: [node["html"][:200] for node in item["nodes"]] for item in found}
        assert places == {}, page.url

    return check


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], Path]:
    """`screenshot(page, "model-dark-390")` writes the whole page into the ignored folder tests/screenshots."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def take(page: Page, name: str) -> Path:
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take
