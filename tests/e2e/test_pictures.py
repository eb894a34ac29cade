"""The README's pictures, taken while the demo's chain plays with its real recipe: minutes, so only on request.

`PICTURES=1 .venv/bin/python -m pytest tests/e2e/test_pictures.py` writes them into the handbook.
"""

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from institute.staff.management.demo import chain
from tests.e2e.institute import Institute
from tests.servers.browser import REPOSITORY, PageErrors

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.recipes]

PICTURES = REPOSITORY / "institute" / "handbook" / "pictures"
LARGEST = 150_000  # bytes: a README is read on slow lines too
SIZE: Any = {"width": 1200, "height": 760}
CURVE_SECONDS = 240
GROWING_MS = 20_000  # of training, until the curve has a shape


def picture(page: Page, name: str) -> None:
    """What a reader sees first, without its scroll bars."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    assert path.stat().st_size < LARGEST, name


def test_pictures_of_the_chain(institute: Institute, page_errors: PageErrors) -> None:
    PICTURES.mkdir(exist_ok=True)
    people, seeded = institute.people, institute.seeded
    member = institute.context(page_errors, "mateo", viewport=SIZE, locale="en").new_page()
    ask = {"recipe": "pretrain_lm", "allocation": seeded.allocation, "name": chain.MODEL, "inputs": chain.INPUTS}
    job = people["mateo"].post("jobs", ask)
    member.goto(f"/jobs/{job['id']}")
    expect(member.locator("#run-panel svg path.curve").first).to_be_attached(timeout=CURVE_SECONDS * 1000)
    member.wait_for_timeout(GROWING_MS)
    picture(member, "job")
    _finish(institute, job)
    anyone = institute.context(page_errors, viewport=SIZE, locale="en").new_page()
    anyone.goto("/")
    picture(anyone, "home")
    anyone.goto(f"/lowres/{chain.MODEL}")
    picture(anyone, "model")
    staff = institute.context(page_errors, "amara", viewport=SIZE, locale="en").new_page()
    staff.goto("/staff/")
    picture(staff, "dashboard")


def _finish(institute: Institute, job: dict[str, Any]) -> None:
    """The rest of the chain, as the demo plays it."""
    people, seeded = institute.people, institute.seeded
    deadline = time.monotonic() + chain.LONGEST_S
    while (now := people["mateo"].get(f"jobs/{job['id']}"))["status"] != "succeeded":
        assert now["status"] in {"waiting", "running"} and time.monotonic() < deadline, now
        time.sleep(2)
    revision = chain.publish(people, seeded, now, print)
    chain.write_paper(people, seeded, revision, print)
