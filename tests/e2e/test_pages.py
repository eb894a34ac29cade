"""The main pages of every room: accessible, silent and inside the window, light and dark, narrow and wide."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page

from compute.allocations.models import Allocation, Request
from compute.capacity.models import Cluster
from compute.jobs.models import Job
from compute.tracking.models import Run
from grants.funding.models import Pledge
from institute.catalog import actions as catalog
from institute.catalog.models import Revision
from institute.people.actions import create_token
from institute.people.enums import Scope
from institute.people.models import User
from tests.e2e.institute import Institute
from tests.factories import tracking
from tests.factories.catalog import OUTPUT, finished_job, published_data, published_paper, reviewer
from tests.factories.jobs import submitted_job
from tests.servers.browser import PageErrors, overflowing

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SCHEMES = ("light", "dark")
WIDTHS = (390, 1440)
NOBODY, LEAD, OFFICER, OPERATIONS, REVIEWER, ADMIN = "", "leila", "goran", "ophelia", "rosalind", "amara"
PAGES = {
    "home": NOBODY,
    "models": NOBODY,
    "model": NOBODY,
    "paper": NOBODY,
    "donors": NOBODY,
    "donor": NOBODY,
    "sign-in": NOBODY,
    "projects": LEAD,
    "project": LEAD,
    "ask-for-hours": LEAD,
    "allocation": LEAD,
    "jobs": LEAD,
    "job-form": LEAD,
    "job": LEAD,
    "job-done": LEAD,
    "run": LEAD,
    "revision": LEAD,
    "account": LEAD,
    "tokens": LEAD,
    "members": LEAD,
    "job-form-search": LEAD,
    "model-revisions": LEAD,
    "model-files": LEAD,
    "model-history": LEAD,
    "pledges": OFFICER,
    "pledge": OFFICER,
    "pledge-form": OFFICER,
    "duties": OFFICER,
    "review": REVIEWER,
    "request": OPERATIONS,
    "approve": OPERATIONS,
    "cluster": OPERATIONS,
    "dashboard": ADMIN,
    "people": ADMIN,
    "audit": ADMIN,
}
PUBLIC = [name for name, handle in PAGES.items() if handle == NOBODY and name != "sign-in"]
CARD = b"""# swahili-410m

A 410-million-parameter language model for Swahili, trained on openly licensed text.

Intended for research on low-resource languages. It was trained from random weights on web, news and Wikipedia text,
deduplicated at document level; the data sheet lists every source and its licence.

| model | bits per byte |
|---|---:|
| this one | 2.296 |
| unigram | 3.066 |
"""


@dataclass
class Stage:
    """Addresses by the names in PAGES, and one window for each mode and person."""

    institute: Institute
    addresses: dict[str, str]
    contexts: dict[tuple[Any, ...], tuple[BrowserContext, PageErrors]] = field(default_factory=dict)

    def open(self, handle: str, address: str, **options: Any) -> tuple[Page, PageErrors]:
        """The page in a window of this person with these options; its errors so far are forgotten."""
        key = (handle, *sorted((name, str(value)) for name, value in options.items()))
        if key not in self.contexts:
            errors = PageErrors()
            self.contexts[key] = self.institute.context(errors, handle, **options), errors
        context, errors = self.contexts[key]
        errors.seen.clear()
        page = context.pages[0] if context.pages else context.new_page()
        answer = page.goto(address)
        assert answer is not None and answer.ok, (address, answer and answer.status)
        return page, errors


@pytest.fixture(scope="module")
def stage(institute: Institute) -> Iterator[Stage]:
    """Something on every page: a model, a paper, data, jobs in several states, a draft, a request that waits."""
    addresses = _furnish(institute)
    assert addresses.keys() == PAGES.keys()
    stage = Stage(institute, addresses)
    yield stage
    for context, _errors in stage.contexts.values():
        context.close()


def _furnish(institute: Institute) -> dict[str, str]:
    lead = User.objects.get(email="leila@example.org")
    allocation = Allocation.objects.get(public_id=institute.seeded.allocation)
    made = {"allocation": allocation, "submitter": lead}
    trained = finished_job(name="swahili-410m", seconds=2700, files=OUTPUT | {"README.md": CARD}, **made)
    model = catalog.approve_revision(revision=_proposed(trained, lead), by=reviewer().actor)
    published_data(allocation.project, name="swahili-corpus")
    paper = published_paper(model, title="Swahili on small machines", abstract="We train a small model. " * 12)
    done = finished_job(name="wolof-125m", **made)
    revision = catalog.draft_revision_from_job(job=done, by=lead.actor)
    review = _proposed(finished_job(name="hausa-125m", **made), lead)
    job = submitted_job(allocation=allocation, by=lead, name="yoruba-125m", max_steps=20_000, track=True)
    run = Run.objects.get(job=done)
    tracking.posted(run, tracking.history(tracking.lines(0, 200)))
    request = Request.objects.get(project__handle="glassbox")  # the one that the demo left waiting
    pledge = Pledge.objects.get(public_id=institute.seeded.pledge)
    until = timezone.now() + timedelta(days=30)
    create_token(user=lead, name="laptop", scopes=[Scope.READ, Scope.WRITE], expires_at=until, by=lead.actor)
    return {
        "home": "/",
        "models": "/models",
        "model": model.artifact.get_absolute_url(),
        "paper": paper.get_absolute_url(),
        "donors": "/donors",
        "donor": f"/donors/{institute.seeded.donor}",
        "sign-in": "/accounts/login/",
        "projects": "/projects",
        "project": "/projects/lowres",
        "ask-for-hours": "/projects/lowres/requests/new",
        "allocation": f"/allocations/{allocation.public_id}",
        "jobs": "/jobs",
        "job-form": f"/jobs/new?recipe=pretrain_lm&allocation={allocation.public_id}",
        "job": f"/jobs/{job.public_id}",
        "job-done": f"/jobs/{done.public_id}",
        "run": f"/runs/{run.public_id}",
        "revision": revision.get_absolute_url(),
        "account": "/accounts/",
        "tokens": "/accounts/tokens/",
        "members": "/projects/lowres/members",
        "job-form-search": "/jobs/new?recipe=pretrain_lm&hours=lowres",
        "model-revisions": f"{model.artifact.get_absolute_url()}/revisions",
        "model-files": f"{model.artifact.get_absolute_url()}/tree/main",
        "model-history": f"{model.artifact.get_absolute_url()}/commits/main",
        "pledges": "/pledges",
        "pledge": f"/pledges/{pledge.public_id}",
        "pledge-form": "/pledges/new",
        "duties": "/staff/duties",
        "review": review.get_absolute_url(),
        "request": f"/requests/{request.public_id}",
        "approve": f"/requests/{request.public_id}/approve",
        "cluster": f"/clusters/{Cluster.objects.get(slug='this-machine').public_id}",
        "dashboard": "/staff/",
        "people": "/staff/people",
        "audit": "/staff/audit",
    }


def _proposed(job: Job, lead: User) -> Revision:
    """What the job handed in, its card thanking the donors, before a reviewer."""
    revision = catalog.draft_revision_from_job(job=job, by=lead.actor)
    revision = catalog.acknowledge_in_card(revision=revision, by=lead.actor)
    return catalog.propose_revision(revision=revision, by=lead.actor)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_page_is_accessible_and_silent(
    stage: Stage,
    axe: Callable[[Page], None],
    screenshot: Callable[[Page, str], Path],
    scheme: str,
    width: int,
    name: str,
) -> None:
    size = {"width": width, "height": 900}
    page, errors = stage.open(PAGES[name], stage.addresses[name], color_scheme=scheme, viewport=size)
    screenshot(page, f"e2e-{name}-{scheme}-{width}")
    page.evaluate("document.querySelectorAll('main details').forEach((details) => { details.open = true; })")
    axe(page)
    assert overflowing(page) == []
    assert errors.seen == []


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_public_page_speaks_french(
    stage: Stage,
    axe: Callable[[Page], None],
    screenshot: Callable[[Page, str], Path],
    scheme: str,
    width: int,
    name: str,
) -> None:
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "locale": "fr-FR"}
    page, errors = stage.open(NOBODY, f"/fr{stage.addresses[name]}", **options)
    screenshot(page, f"e2e-{name}-{scheme}-{width}-fr")
    axe(page)
    assert page.locator("html").get_attribute("lang") == "fr"
    assert overflowing(page) == []
    assert errors.seen == []


@pytest.mark.parametrize("name", PUBLIC)
def test_public_page_reads_the_same_without_script(stage: Stage, name: str) -> None:
    address = stage.addresses[name]
    plain, errors = stage.open(NOBODY, address, java_script_enabled=False)
    scripted, _errors = stage.open(NOBODY, address)
    assert plain.locator("main h1").inner_text() == scripted.locator("main h1").inner_text()
    assert plain.locator("main a").count() == scripted.locator("main a").count() > 0
    assert errors.seen == []
