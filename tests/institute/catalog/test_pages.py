"""Public pages: what they show, and what they do not."""

import json

import pytest

from institute.catalog import actions
from institute.catalog.enums import ArtifactKind
from tests.factories.allocations import project_with
from tests.factories.catalog import (
    artifact_of,
    committed,
    lead_of,
    paid_allocation,
    published,
    published_data,
    published_paper,
    reviewer,
)
from tests.factories.clients import client_of, text_of
from tests.factories.funding import CITE
from tests.factories.people import TESTER, UserFactory

pytestmark = pytest.mark.django_db


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
        "90",
        "Apache-2.0",
        "model.safetensors",
        "400",
        f"/donors/{payer.public_id}",
        "provenance.json",
        "From donor to public",
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
