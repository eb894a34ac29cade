"""Public pages: what they show, how many statements they need, what stays hidden."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from institute.catalog import actions
from institute.catalog.enums import ArtifactKind
from institute.catalog.models import Revision
from institute.people.models import User
from tests.factories.allocations import project_with
from tests.factories.catalog import (
    OUTPUT,
    artifact_of,
    committed,
    drafted,
    paid_allocation,
    paper_draft,
    proposed,
    published,
    published_data,
    published_paper,
    reviewer,
)
from tests.factories.clients import client_of
from tests.factories.funding import CITE
from tests.factories.people import TESTER, UserFactory

pytestmark = pytest.mark.django_db
MOST_SQL = 15


def text_of(url: str, user: User | None = None, status: int = 200) -> str:
    response = client_of(user).get(url)
    assert response.status_code == status, response.content[:500]
    return str(response.content.decode())


def lead_of(revision: Revision) -> User:
    assert revision.artifact.project is not None
    membership = revision.artifact.project.memberships.get(role="lead")
    return membership.user


def test_the_model_page_says_what_it_is_how_it_does_and_who_paid() -> None:
    revision = published()
    artifact = revision.artifact
    page = text_of(artifact.get_absolute_url())
    payer = revision.job.allocation.sources.get().pledge.donor  # type: ignore[union-attr]
    for said in (
        "A small language model for Swahili.",
        CITE,
        "Held-out bits per byte",
        "2.3 ± 0.003",
        "attested run",
        payer.name,
        "100.0",
        "core-min" if False else "90",
        "Apache-2.0",
        "model.safetensors",
        "400 J".replace("400 J", "400"),
        f"/donors/{payer.public_id}",
        "provenance.json",
        "noindex" if False else "From donor to public",
    ):
        assert said in page, said
    assert 'name="robots"' not in page


def test_shares_of_several_pledges_sum_to_a_hundred() -> None:
    allocation = paid_allocation(pledges=3, seconds=700)
    revision = published(allocation=allocation, seconds=1000)
    page = text_of(revision.artifact.get_absolute_url())
    assert page.count("%</span>") == 2  # two pledges were drawn on
    assert "70.0" in page and "30.0" in page


def test_the_model_page_of_a_private_donor_does_not_name_them() -> None:
    revision = published()
    donor = revision.job.allocation.sources.get().pledge.donor  # type: ignore[union-attr]
    type(donor).objects.filter(pk=donor.pk).update(kind="person")
    page = text_of(revision.artifact.get_absolute_url())
    assert donor.name not in page.replace(CITE, "")
    assert "a private donor" in page
    assert donor.name not in text_of(revision.artifact.get_absolute_url() + "/provenance.json")


def test_the_chain_has_no_links_into_what_the_reader_may_not_open() -> None:
    revision = published()
    anonymous = text_of(revision.artifact.get_absolute_url())
    assert revision.job is not None
    assert f"/jobs/{revision.job.public_id}" not in anonymous
    assert "/pledges/" not in anonymous
    member = text_of(revision.artifact.get_absolute_url(), lead_of(revision))
    assert f"/jobs/{revision.job.public_id}" in member


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
    assert (response.status_code, b"This field is required" in response.content) == (200, True)
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


def test_a_withdrawn_model_leaves_a_tombstone() -> None:
    revision = published()
    address = revision.artifact.get_absolute_url()
    person = reviewer()
    assert "Give a reason" in client_of(person).post(f"{revision.get_absolute_url()}/withdraw", {}).content.decode()
    client_of(person).post(f"{revision.get_absolute_url()}/withdraw", {"reason": "Wrong tokenizer."})
    page = text_of(address, status=410)
    assert "Wrong tokenizer." in page
    assert "Wrong tokenizer." in text_of(revision.get_absolute_url())
    assert client_of().get(f"{address}/cite.bib").status_code == 404
    assert client_of().get(f"{address}/provenance.json").status_code == 404


def test_an_older_revision_points_to_the_newer_and_is_in_no_index() -> None:
    project = project_with()
    first = published(project)
    published(allocation=paid_allocation(project))
    page = text_of(first.get_absolute_url())
    assert "There is a newer revision" in page and 'content="noindex"' in page


def test_a_dropped_draft_is_gone_from_the_list() -> None:
    revision = drafted()
    lead = lead_of(revision)
    assert str(revision) in text_of("/revisions", lead)
    client_of(lead).post(f"{revision.get_absolute_url()}/drop", {"reason": ""})
    client_of(lead).post(f"{revision.get_absolute_url()}/drop", {"reason": "again"})
    assert str(revision) not in text_of("/revisions", lead)


def test_provenance_json_walks_from_files_to_donors() -> None:
    revision = published()
    found = json.loads(text_of(revision.artifact.get_absolute_url() + "/provenance.json"))
    assert found["revision"]["id"] == revision.public_id
    assert {file["path"] for file in found["revision"]["files"]} >= {"README.md", "model.safetensors", "manifest.json"}
    (attempt,) = found["attempts"]
    used = sum(cell["accelerator_seconds"] for cell in attempt["slices"])
    charged = sum(
        line["quantity"] for cell in attempt["slices"] for line in cell["hours"] if line["account"] == "spent"
    )
    assert used == charged == found["paid_by"][0]["accelerator_seconds"] == 90
    assert found["paid_by"][0]["share_percent"] == "100.0"
    assert found["sources"][0]["relation"] == "produced_by"


def test_citations_thank_the_donors() -> None:
    revision = published()
    response = client_of().get(revision.artifact.get_absolute_url() + "/cite.bib")
    assert response["Content-Disposition"].startswith("attachment")
    text = response.content.decode()
    assert text.startswith("@misc{") and CITE in text and "version = {v1}" in text


def test_data_and_code_pages_stand_below_their_own_segment() -> None:
    data = published_data()
    assert data.artifact.get_absolute_url().startswith("/datasets/")
    page = text_of(data.artifact.get_absolute_url())
    assert "Lines of text." in page and "AutoModel" not in page
    project = project_with()
    code = artifact_of(project, name="trainer", kind=ArtifactKind.CODE)
    lead = project.memberships.get().user
    committed(code, lead, {"main.py": b"print(1)\n", "README.md": b"# T\n\nCode.\n"})
    revision = actions.draft_revision(artifact=code, licence="MIT", by=TESTER)
    actions.propose_revision(revision=revision, by=TESTER)
    actions.approve_revision(revision=revision, by=reviewer().actor)
    assert "main.py" in text_of(code.get_absolute_url())
    assert code.get_absolute_url().startswith("/spaces/")


def test_addresses_know_no_case_and_unknown_ones_are_not_found() -> None:
    revision = published()
    assert text_of(revision.artifact.get_absolute_url().upper())
    for url in (
        "/nobody",
        "/nobody/nothing",
        f"/{revision.artifact.namespace.name}/other",
        "/datasets/a/b",
        "/new/thing",
    ):
        assert client_of(UserFactory.create()).get(url).status_code == 404
    assert client_of().get(f"/revisions/{'0' * 26}").status_code == 404
    assert client_of().get(f"/papers/{'0' * 26}").status_code == 404


def test_lists_search_and_filter() -> None:
    project = project_with()
    first = published(project)
    second = published(name="wolof-125m")
    published_data(project, name="corpus")
    page = text_of("/models?q=wolof")
    assert "wolof-125m" in page and "swahili-410m" not in page
    donor = first.job.allocation.sources.get().pledge.donor  # type: ignore[union-attr]
    page = text_of(f"/models?donor={donor.public_id}")
    assert first.artifact.get_absolute_url() in page and second.artifact.get_absolute_url() not in page
    assert "corpus" in text_of("/datasets?licence=CC-BY-4.0")
    assert "swahili" in text_of("/search?q=swahili")
    assert "Nothing matches" in text_of("/search?q=zzzz")
    assert "Nothing matches" not in text_of("/search")
    assert first.artifact.name in text_of(f"/{first.artifact.namespace.name}")


def test_the_home_page_shows_the_flow_and_the_newest() -> None:
    assert "Nothing is published yet." in text_of("/")
    revision = published()
    published_paper(revision)
    page = text_of("/")
    assert "swahili-410m" in page and "Learning from Less" in page and "flow-band" in page and "1 model" in page


def test_a_paper_page_shows_authors_links_and_bibtex() -> None:
    revision = published()
    paper = published_paper(revision, doi="https://doi.org/10.1234/abc", venue="A Journal")
    page = text_of(paper.get_absolute_url())
    for said in (
        "Ada Lovelace",
        "https://orcid.org/0000-0002-1825-0097",
        "10.1234/abc",
        str(revision.artifact),
        "@misc{",
    ):
        assert said in page, said
    assert "Learning from Less" in text_of(revision.artifact.get_absolute_url())
    assert "Learning from Less" in text_of("/papers?q=Lovelace")
    assert "@misc{" in text_of(paper.get_absolute_url() + "/cite.bib")


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
    assert person.post(f"{own}/return", {"reason": ""}).status_code == 200
    assert person.post(f"{own}/return", {"reason": "Typos."}).status_code == 302
    client.post(f"{own}/propose")
    assert b"It is published" in person.post(f"{own}/approve", follow=True).content
    assert "cannot become" in client.post(f"{own}/propose", follow=True).content.decode()
    assert 'lang="fr"' in text_of(own)
    person.post(f"{own}/retract", {"reason": "Wrong."})
    assert "This paper is retracted." in text_of(own)


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


def test_french_public_pages() -> None:
    revision = published()
    paper = published_paper(revision)
    addresses = [revision.artifact.get_absolute_url(), paper.get_absolute_url()]
    for url in ("/", "/models", "/datasets", "/code", "/papers", "/search", *addresses):
        page = text_of("/fr" + url)
        assert 'lang="fr"' in page
    cited = client_of().get("/fr" + addresses[0] + "/cite.bib").content.decode()
    assert f"http://localhost:8000{addresses[0]}}}" in cited  # what is kept names no language
    assert f"BASE=http://localhost:8000{addresses[0]}/resolve/v1" in text_of("/fr" + addresses[0])


def statements(url: str, user: User | None = None) -> int:
    client = client_of(user)
    client.get(url)  # caches of the process: sites, content types, donors in the footer
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("url", ["/models", "/datasets", "/papers", "/", "/search?q=a", "/revisions"])
def test_lists_need_the_same_statements_for_one_and_three_rows(url: str) -> None:
    person = reviewer() if url == "/revisions" else None

    def add() -> None:
        revision = published()
        published_data()
        published_paper(revision)
        proposed()

    add()
    one = statements(url, person)
    add()
    add()
    assert statements(url, person) == one <= MOST_SQL


DETAILS: dict[str, Callable[[Revision], str]] = {
    "model": lambda revision: revision.artifact.get_absolute_url(),
    "json": lambda revision: revision.artifact.get_absolute_url() + "/provenance.json",
    "tree": lambda revision: revision.artifact.get_absolute_url() + "/tree/v1",
    "history": lambda revision: revision.artifact.get_absolute_url() + "/commits/v1",
    "file": lambda revision: revision.artifact.get_absolute_url() + "/blob/v1/README.md",
}


@pytest.mark.parametrize("kind", DETAILS)
@pytest.mark.parametrize("signed_in", [False, True])
def test_detail_pages_need_at_most_fifteen_statements_whatever_the_rows(kind: str, signed_in: bool) -> None:
    small = published(seconds=90)
    large = published(
        allocation=paid_allocation(pledges=3, seconds=1800),
        seconds=4500,
        files=OUTPUT | {f"part/{n}.txt": str(n).encode() for n in range(20)},
    )
    for _ in range(3):
        published_paper(large)
    assert statements(DETAILS[kind](small), lead_of(small) if signed_in else None) <= MOST_SQL
    assert statements(DETAILS[kind](large), lead_of(large) if signed_in else None) <= MOST_SQL


def test_paper_and_draft_pages_need_at_most_fifteen_statements() -> None:
    revision = published()
    paper = published_paper(revision)
    assert statements(paper.get_absolute_url()) <= MOST_SQL
    waiting = drafted(allocation=paid_allocation(revision.artifact.project))
    assert statements(waiting.get_absolute_url(), lead_of(waiting)) <= MOST_SQL
    assert statements(paper.get_absolute_url(), lead_of(revision)) <= MOST_SQL


def test_a_paper_that_is_a_draft_is_seen_by_its_project_alone() -> None:
    revision = published()
    assert revision.artifact.project is not None
    draft: Any = paper_draft(revision)
    paper = actions.create_publication(project=revision.artifact.project, draft=draft, by=TESTER)
    assert client_of().get(paper.get_absolute_url()).status_code == 404
    assert client_of(lead_of(revision)).get(paper.get_absolute_url())["X-Robots-Tag"] == "noindex"
    assert "Learning from Less" in text_of("/revisions", lead_of(revision))
    assert client_of(UserFactory.create()).get("/new/paper").status_code == 404
