"""What the browser fixtures notice."""

import pytest

from tests.servers.browser import PageErrors

pytestmark = [pytest.mark.browser]
PAGE = "<!doctype html><html lang=en><title>t</title><main><h1>Hello</h1>{}</main></html>"


def test_axe_finds_an_image_without_text(page, axe):
    page.set_content(PAGE.format("<img src='data:,'>"))
    with pytest.raises(AssertionError, match="image-alt"):
        axe(page)


def test_axe_is_content_with_a_good_page(page, axe):
    page.set_content(PAGE.format("<p>Text</p>"))
    axe(page)


def test_console_errors_and_failed_requests_are_seen(context, page):
    errors = PageErrors()
    errors.watch(context)
    page.set_content(PAGE.format("<script>console.error('ouch'); setTimeout(() => { throw Error('late') })</script>"))
    page.wait_for_timeout(100)
    assert errors.seen[0].startswith("console: ouch")
    assert errors.seen[1].endswith("late")
    assert errors.seen[1].startswith("script:")


def test_a_quiet_page_passes(page, page_errors):
    page.set_content(PAGE.format(""))


def test_a_screenshot_lies_in_the_ignored_folder(page, screenshot):
    page.set_content(PAGE.format(""))
    path = screenshot(page, "harness")
    assert path.read_bytes().startswith(b"\x89PNG")
    path.unlink()
