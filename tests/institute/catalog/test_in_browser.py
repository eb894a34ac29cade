"""The catalogue's pages in a real browser: accessible, silent and inside the window in the whole matrix."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from institute.catalog import actions
from institute.people.models import User
from tests.factories.allocations import project_with
from tests.factories.catalog import (
    OUTPUT,
    paid_allocation,
    paper_draft,
    proposed,
    published,
    published_data,
    published_paper,
    reviewer,
)
from tests.factories.people import TESTER, UserFactory
from tests.servers.browser import PageErrors, overflowing

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CARD = b"""# swahili-410m

A 410-million-parameter language model for Swahili, trained on openly licensed text.

Intended for research on low-resource languages. It was trained from random weights on web, news and Wikipedia text,
deduplicated at document level; the data sheet lists every source and its licence.

| model | bits per byte |
|---|---:|
| this one | 2.296 |
| unigram | 3.066 |

```python
print("Habari")
```
"""


def a_small_catalogue() -> tuple[User, dict[str, str]]:
    """A lead, and the addresses of pages that the public and the lead see."""
    lead = UserFactory.create(name="Ada Lovelace")
    project = project_with(lead=lead, title="Low-resource language models", handle="lowres")
    allocation = paid_allocation(project, pledges=2, seconds=1800)
    model = published(allocation=allocation, seconds=2700, files=OUTPUT | {"README.md": CARD})
    data = published_data(project, name="swahili-corpus")
    paper = published_paper(model)
    waiting = proposed(allocation=paid_allocation(project), name="wolof-125m")
    actions.return_revision(revision=waiting, by=reviewer().actor, reason="Say what it is not for.")
    draft = actions.describe_revision(revision=waiting, label="v1", licence="", notes="", by=TESTER)
    written = actions.create_publication(project=project, draft=paper_draft(model, abstract=""), by=TESTER)
    address = model.artifact.get_absolute_url()
    return lead, {
        "home": "/",
        "models": "/models",
        "papers": "/papers",
        "search": "/search?q=swahili",
        "model": address,
        "tree": f"{address}/tree/v1",
        "history": f"{address}/commits/v1",
        "file": f"{address}/blob/v1/model.safetensors",
        "text": f"{address}/blob/v1/config.json",
        "data": data.artifact.get_absolute_url(),
        "paper": paper.get_absolute_url(),
        "namespace": "/lowres",
        "desk-revision": draft.get_absolute_url(),
        "desk-card": f"{draft.get_absolute_url()}/card",
        "desk-list": "/revisions",
        "desk-upload": f"{data.artifact.get_absolute_url()}/upload",
        "desk-new": "/new/model",
        "desk-paper": written.get_absolute_url(),
        "desk-paper-form": "/new/paper",
    }


@pytest.mark.parametrize("language", ["", "/fr"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_silent(
    live_server: LiveServer,
    browser: Browser,
    page_errors: PageErrors,
    axe: Callable[[Page], None],
    screenshot: Callable[[Page, str], Path],
    scheme: str,
    width: int,
    language: str,
) -> None:
    lead, addresses = a_small_catalogue()
    client = Client()
    client.force_login(lead, backend="django.contrib.auth.backends.ModelBackend")
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    page = page_errors.watch(context).new_page()
    signed_in = False
    for name, address in addresses.items():
        if name.startswith("desk-") and not signed_in:
            cookies = [
                {"name": key, "value": value.value, "url": live_server.url} for key, value in client.cookies.items()
            ]
            context.add_cookies(cookies)  # type: ignore[arg-type]
            signed_in = True
        page.goto(f"{live_server.url}{language}{address}")
        screenshot(page, f"catalog-{name}-{scheme}-{width}{language.replace('/', '-')}")
        page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true; })")
        axe(page)
        assert overflowing(page) == [], name
