"""From the first upload to a reviewer’s decision, by the forms of the pages."""

from typing import Any

import pytest

from institute.catalog import actions
from tests.factories.allocations import project_with
from tests.factories.catalog import (
    drafted,
    lead_of,
    paper_draft,
    proposed,
    published,
    reviewer,
)
from tests.factories.clients import client_of, text_of
from tests.factories.people import TESTER, UserFactory

pytestmark = pytest.mark.django_db


def test_a_draft_is_nobodys_business() -> None:
    revision = drafted()
    address, own = revision.artifact.get_absolute_url(), revision.get_absolute_url()
    for url in (
        address,
        own,
        f"{address}/tree/main",
        f"{address}/resolve/main/config.json",
        f"{address}/provenance.json",
    ):
        assert client_of().get(url).status_code == 404
        assert client_of(UserFactory.create()).get(url).status_code == 404
    assert "noindex" in text_of(address, lead_of(revision))
    page = text_of(own, lead_of(revision))
    assert "not reviewed" in page and "Propose for publication" in page
    assert client_of(lead_of(revision)).get(own)["X-Robots-Tag"] == "noindex"
    assert client_of(reviewer()).get(own).status_code == 404


def test_a_reviewer_sees_what_waits_and_decides() -> None:
    revision = proposed()
    person = reviewer()
    page = text_of(revision.get_absolute_url(), person)
    assert "Approve and publish" in page
    assert "Approve and publish" not in text_of(revision.get_absolute_url(), lead_of(revision))
    response = client_of(person).post(f"/revisions/{revision.public_id}/return", {"reason": ""})
    assert (response.status_code, b"This field is required" in response.content) == (422, True)
    response = client_of(person).post(f"/revisions/{revision.public_id}/approve")
    assert response["Location"] == revision.artifact.get_absolute_url()


def test_the_whole_way_by_the_forms() -> None:
    revision = drafted(licence="")
    lead = client_of(lead_of(revision))
    own = revision.get_absolute_url()
    assert b"no SPDX licence" in lead.post(f"{own}/propose", follow=True).content
    bad = lead.post(f"{own}/describe", {"label": "v1", "licence": "my own", "notes": ""})
    assert "is no SPDX licence" in bad.content.decode()
    lead.post(f"{own}/describe", {"label": "v1.0", "licence": "mit", "notes": "First."})
    card = "---\nlicense: mit\n---\n# M\n\nWords.\n"
    shown = lead.post(f"{own}/card", {"card": card, "preview": "1"})
    assert "Words." in shown.content.decode()
    assert "The front matter" in lead.post(f"{own}/card", {"card": "---\na: [\n---\n"}).content.decode()
    lead.post(f"{own}/card", {"card": card})
    page = lead.get(own).content.decode()
    assert "Add the donors" in page
    lead.post(f"{own}/acknowledge")
    assert lead.post(f"{own}/propose", follow=True).status_code == 200
    revision.refresh_from_db()
    assert (revision.status, revision.label, revision.licence) == ("in_review", "v1.0", "MIT")
    assert b"It is published" in client_of(reviewer()).post(f"{own}/approve", follow=True).content


def test_a_dropped_draft_is_gone_from_the_list() -> None:
    revision = drafted()
    lead = lead_of(revision)
    assert str(revision) in text_of("/revisions", lead)
    client_of(lead).post(f"{revision.get_absolute_url()}/drop", {"reason": ""})
    client_of(lead).post(f"{revision.get_absolute_url()}/drop", {"reason": "again"})
    assert str(revision) not in text_of("/revisions", lead)


def test_the_whole_way_of_a_paper_by_the_forms() -> None:
    revision = published()
    lead = lead_of(revision)
    client = client_of(lead)
    assert str(revision.artifact) in client.get("/new/paper").content.decode()
    body = {
        "title": "A paper",
        "kind": "preprint",
        "language": "fr",
        "abstract": "Court.",
        "authors": "Ada Lovelace; 0000-0002-1825-0097; Example Institute\nCharles Babbage",
        "links": f"{revision.artifact}@v1",
    }
    assert "is no name" in client.post("/new/paper", body | {"authors": "A; 0000-0002-1825-0098"}).content.decode()
    assert "The catalogue has no" in client.post("/new/paper", body | {"links": "a/b"}).content.decode()
    assert "The catalogue has no" in client.post("/new/paper", body | {"links": "nothing"}).content.decode()
    created = client.post("/new/paper", body)
    own = created["Location"]
    assert "A DOI looks like" in client.post(f"{own}/edit", body | {"doi": "x"}).content.decode()
    assert client.post(f"{own}/edit", body | {"title": "A better paper", "doi": "10.1234/x"}).status_code == 302
    assert "A better paper" in client.get(f"{own}/edit").content.decode()
    assert client_of().get(own).status_code == 404
    assert b"It waits for a reviewer" in client.post(f"{own}/propose", follow=True).content
    person = client_of(reviewer())
    assert b"Approve and publish" in person.get(own).content
    assert person.post(f"{own}/return", {"reason": ""}).status_code == 422
    assert person.post(f"{own}/return", {"reason": "Typos."}).status_code == 302
    client.post(f"{own}/propose")
    assert b"It is published" in person.post(f"{own}/approve", follow=True).content
    assert "cannot become" in client.post(f"{own}/propose", follow=True).content.decode()
    assert 'lang="fr"' in text_of(own)
    person.post(f"{own}/retract", {"reason": "Wrong."})
    assert "This paper is retracted." in text_of(own)


def test_a_paper_that_is_a_draft_is_seen_by_its_project_alone() -> None:
    revision = published()
    assert revision.artifact.project is not None
    draft: Any = paper_draft(revision)
    paper = actions.create_publication(project=revision.artifact.project, draft=draft, by=TESTER)
    assert client_of().get(paper.get_absolute_url()).status_code == 404
    assert client_of(lead_of(revision)).get(paper.get_absolute_url())["X-Robots-Tag"] == "noindex"
    assert "Learning from Less" in text_of("/revisions", lead_of(revision))
    assert client_of(UserFactory.create()).get("/new/paper").status_code == 404


def test_upload_by_form_and_draft() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    project = project_with()
    lead = project.memberships.get().user
    client = client_of(lead)
    made = client.post("/new/dataset", {"namespace": project.handle, "name": "corpus", "summary": "Lines"})
    address = f"/datasets/{project.handle}/corpus"
    assert made["Location"] == f"{address}/upload"
    taken = client.post("/new/dataset", {"namespace": project.handle, "name": "Corpus", "summary": ""})
    assert "exists already" in taken.content.decode()
    assert "has no files yet" in client.post(f"{address}/draft", follow=True).content.decode()
    files = [SimpleUploadedFile("a.txt", b"one"), SimpleUploadedFile("README.md", b"# C\n\nLines.\n")]
    sent = client.post(f"{address}/upload", {"files": files, "folder": "", "message": "First", "parent": ""})
    assert sent.status_code == 302
    late = client.post(
        f"{address}/upload", {"files": [SimpleUploadedFile("b", b"2")], "folder": "x", "message": "M", "parent": ""}
    )
    assert "The branch was updated" in late.content.decode()
    drafted_at = client.post(f"{address}/draft")["Location"]
    assert "CC-BY-4.0" in client.get(drafted_at).content.decode()
    page = client.get(f"{address}/commits/main").content.decode()
    assert "First" in page
    assert client_of(UserFactory.create()).get(f"{address}/upload").status_code == 404
    assert client.get("/new/model").status_code == 200
