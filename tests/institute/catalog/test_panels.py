"""What the catalogue shows on other rooms' pages, and the corners of who may see and do what."""

import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import timezone

from compute.jobs.models import JobCheckpoint
from institute.catalog import actions, panels
from institute.catalog.models import Artifact, Revision
from institute.catalog.queries.pages import RevisionPage
from institute.catalog.queries.verification import verify_provenance
from institute.people.enums import Role
from institute.people.models import User
from tests.factories.allocations import project_with
from tests.factories.catalog import (
    OUTPUT,
    artifact_of,
    drafted,
    finished_job,
    lead_of,
    paid_allocation,
    proposed,
    published,
    published_data,
    published_paper,
    reviewer,
)
from tests.factories.clients import client_of
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db


def seen(panel: object, obj: object, user: User | AnonymousUser | None = None) -> str:
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    return str(panel(obj, request=request))  # type: ignore[operator]


def test_what_the_hours_of_a_donor_became() -> None:
    project = project_with()
    for number in range(13):
        revision = published(allocation=paid_allocation(project), name=f"model-{number}")
    paper = published_paper(revision)
    source = revision.job.allocation.sources.get()  # type: ignore[union-attr]
    for giver in (source.pledge.donor, source.pledge, source.allocation):
        shown = seen(panels.became_of, giver)
        assert revision.artifact.get_absolute_url() in shown and paper.title in shown and "2 " in shown
    assert seen(panels.became_of, paid_allocation().sources.get().pledge) == ""
    donor_page = Client().get(f"/donors/{source.pledge.donor.public_id}").content.decode()
    assert "What the hours became" in donor_page


def test_a_job_that_has_succeeded_offers_its_revision() -> None:
    job = finished_job(allocation=paid_allocation())
    lead = job.project.memberships.get(role="lead").user
    assert "Draft a revision" in seen(panels.publish_job, job, lead)
    assert seen(panels.publish_job, job) == ""
    made = client_of(lead).post(f"/new/revision/{job.public_id}", {"name": "chosen"})
    revision = Revision.objects.get()
    assert (made["Location"], revision.artifact.name) == (revision.get_absolute_url(), "chosen")
    assert revision.get_absolute_url() in seen(panels.publish_job, job, lead)
    assert seen(panels.publish_job, job, UserFactory.create()) == ""
    stranger = UserFactory.create()
    assert client_of(stranger).post(f"/new/revision/{job.public_id}").status_code == 404
    assert client_of(lead).post(f"/new/revision/{'0' * 26}").status_code == 404


def test_a_job_that_failed_or_handed_nothing_in_offers_none() -> None:
    job = finished_job(allocation=paid_allocation())
    lead = job.project.memberships.get(role="lead").user
    job.status = "failed"
    assert seen(panels.publish_job, job, lead) == ""
    job.status = "succeeded"
    job.pk = None
    job.public_id = "0" * 26
    job.save()
    assert not JobCheckpoint.objects.filter(job=job).exists()
    assert seen(panels.publish_job, job, lead) == ""


def test_a_projects_page_lists_what_it_made() -> None:
    revision = published()
    project = revision.artifact.project
    assert project is not None
    paper = published_paper(revision)
    drafted(allocation=paid_allocation(project), name="waiting")
    lead = lead_of(revision)
    shown = seen(panels.of_project, project, lead)
    assert paper.title in shown and "waiting" in shown and "New paper" in shown
    assert "waiting" not in seen(panels.of_project, project)
    assert seen(panels.of_project, project_with()).strip() == ""
    empty = project_with()
    assert "Nothing yet" in seen(panels.of_project, empty, empty.memberships.get().user)


def test_a_refused_approval_says_why() -> None:
    allocation = paid_allocation()
    revision = proposed(allocation=allocation)
    from grants.funding.enums import RestrictionKind
    from tests.factories.allocations import clause

    clause(allocation.sources.get().pledge, RestrictionKind.CITE, "One more sentence.")
    client = client_of(reviewer())
    page = client.post(f"{revision.get_absolute_url()}/approve", follow=True).content.decode()
    assert "One more sentence." in page
    assert client.post(f"{revision.get_absolute_url()}/return", {"reason": "Add it."}).status_code == 302


def test_proposing_takes_a_candidate_up() -> None:
    job = finished_job(allocation=paid_allocation())
    candidate = actions.draft_revision_from_job(job=job, by=TESTER, as_candidate=True)
    client_of(lead_of(candidate)).post(f"{candidate.get_absolute_url()}/propose")
    candidate.refresh_from_db()
    assert candidate.status == "in_review"


def test_the_page_of_a_card_that_cannot_be_read_and_of_odd_energy() -> None:
    revision = drafted(files=OUTPUT | {"README.md": b"---\na: [\n---\n", "energy.json": b"nonsense"})
    page = RevisionPage(revision)
    assert (page.card, page.energy) == ("", None)
    bare = RevisionPage(drafted(files={"notes.txt": b"1", "README.md": b"Just words."}))
    assert (bare.opens_in_transformers, bare.energy) == (False, None)
    assert bare.card.startswith("Just words.")
    assert bare.main_file is not None


@pytest.mark.parametrize(
    ("joules", "text"), [(0, "0 J"), (400, "400 J"), (7200, "2 Wh"), (7_200_000, "2 kWh"), (7_200_000_000, "2 MWh")]
)
def test_energy_is_written_in_the_unit_that_fits(joules: int, text: str) -> None:
    document = {"rows": [], "total": {"joules": joules, "method": "measured"}}
    revision = published(files=OUTPUT | {"energy.json": json.dumps(document).encode()})
    page = Client().get(revision.artifact.get_absolute_url()).content.decode()
    assert f"{text} <span" in page and "measured" in page


def test_a_model_made_from_another_shows_both_ways() -> None:
    project = project_with()
    data = published_data(project)
    model = published(allocation=paid_allocation(project), source="dataset", dataset=f"datasets/{data.artifact}@v1")
    assert data.get_absolute_url() in Client().get(model.artifact.get_absolute_url()).content.decode()
    page = Client().get(data.artifact.get_absolute_url()).content.decode()
    assert model.get_absolute_url() in page and "Made from it" in page


def test_a_paper_names_who_paid() -> None:
    revision = published()
    paper = published_paper(revision)
    donor = revision.job.allocation.sources.get().pledge.donor  # type: ignore[union-attr]
    assert f"/donors/{donor.public_id}" in Client().get(paper.get_absolute_url()).content.decode()
    type(donor).objects.filter(pk=donor.pk).update(kind="person")
    page = Client().get(paper.get_absolute_url()).content.decode()
    assert f"/donors/{donor.public_id}" not in page and "a private donor" in page


def test_a_chain_without_a_run_still_holds() -> None:
    job = finished_job(allocation=paid_allocation())
    job.run.delete()
    revision = actions.draft_revision_from_job(job=type(job).objects.get(pk=job.pk), by=TESTER)
    actions.propose_revision(revision=revision, by=TESTER)
    actions.approve_revision(revision=revision, by=reviewer().actor)
    assert verify_provenance(revision, timezone.now()) == []
    assert not revision.sources.exists()


def test_contacts_of_a_donor_may_open_its_pledge_and_what_that_feeds() -> None:
    from grants.donors.actions import grant_portal_access

    revision = published()
    pledge = revision.job.allocation.sources.get().pledge  # type: ignore[union-attr]
    contact = user_with(Role.DONOR_CONTACT)
    grant_portal_access(donor=pledge.donor, user=contact, by=TESTER)
    page = client_of(contact).get(revision.artifact.get_absolute_url()).content.decode()
    assert f"/pledges/{pledge.public_id}" in page
    other = client_of(user_with(Role.DONOR_CONTACT)).get(revision.artifact.get_absolute_url()).content.decode()
    assert f"/pledges/{pledge.public_id}" not in other


def test_a_disabled_artefact_is_in_no_list_and_has_no_page() -> None:
    revision = published()
    Artifact.objects.filter(pk=revision.artifact_id).update(status="disabled")
    address = revision.artifact.get_absolute_url()
    assert Client().get(f"{address}/provenance.json").status_code == 404
    assert "swahili-410m" not in Client().get("/models").content.decode()
    assert Client().get(revision.get_absolute_url()).status_code == 404


def test_an_empty_artefact_has_no_files() -> None:
    artifact = artifact_of(project_with())
    assert artifact.project is not None
    lead = artifact.project.memberships.get().user
    assert client_of(lead).get(f"{artifact.get_absolute_url()}/tree/main").status_code == 404
    assert "No revision yet" in client_of(lead).get(artifact.get_absolute_url()).content.decode()
