"""Papers: their authors and links, review, correction in public."""

import pytest

from grants.funding.enums import ObligationStatus
from grants.funding.models import Obligation
from institute.catalog import actions, rules
from institute.catalog.actions.publications import bare_arxiv, bare_doi, is_orcid
from institute.catalog.enums import LinkStatus, PublicationRelation, PublicationStatus
from institute.catalog.models import Creator, Publication, Revision
from institute.catalog.queries import publications
from institute.core.errors import Conflict, Forbidden, Refused
from institute.core.states import history_of
from institute.people.enums import Role
from tests.factories.allocations import project_with
from tests.factories.catalog import drafted, paper_draft, published, published_paper, reviewer
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db


def written(revision: Revision | None = None, **fields: object) -> Publication:
    project = (revision.artifact.project if revision else None) or project_with()
    return actions.create_publication(project=project, draft=paper_draft(revision, **fields), by=TESTER)


def test_a_paper_with_its_authors_in_order() -> None:
    user = UserFactory.create()
    authors = [actions.CreditDraft("Ada"), actions.CreditDraft("Charles", user=user, role="software")]
    paper = written(credits=authors, title="  A   title ")
    again = written(credits=[actions.CreditDraft("C. Babbage", user=user)])
    assert paper.title == "A title"
    assert [credit.creator.name for credit in paper.credits.order_by("position")] == ["Ada", "Charles"]
    assert again.credits.get().creator == paper.credits.get(position=2).creator
    written(credits=[actions.CreditDraft("A. Lovelace", orcid="0000-0002-1825-0097")])
    written(credits=[actions.CreditDraft("Ada Lovelace", orcid="0000-0002-1825-0097")])
    assert Creator.objects.filter(orcid="0000-0002-1825-0097").count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"doi": "nonsense"}, "doi"),
        ({"arxiv_id": "nonsense"}, "arxiv_id"),
        ({"credits": [actions.CreditDraft("A")] * 501}, "creators"),
        ({"credits": [actions.CreditDraft(" ")]}, "creators"),
        ({"credits": [actions.CreditDraft("A", orcid="0000-0002-1825-0098")]}, "creators"),
    ],
)
def test_what_is_wrong_is_refused_beside_its_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refusal:
        written(**fields)
    assert refusal.value.field == field
    assert not Publication.objects.exists()


def test_numbers_are_stored_bare_and_once() -> None:
    paper = written(doi="https://doi.org/10.1234/AbC", arxiv_id="arXiv:2611.01234v2")
    assert (paper.doi, paper.arxiv_id) == ("10.1234/AbC", "2611.01234v2")
    with pytest.raises(Conflict, match="already"):
        written(doi="10.1234/AbC")
    with pytest.raises(Conflict) as known:
        written(arxiv_id="2611.01234v2")
    assert known.value.field == "arxiv_id"
    assert (bare_doi("doi:10.1/x"), bare_arxiv("https://arxiv.org/abs/hep-th/9901001")) == ("10.1/x", "hep-th/9901001")


@pytest.mark.parametrize(
    ("text", "is_right"),
    [("0000-0002-1825-0097", True), ("0000-0002-1694-233X", True), ("0000-0002-1825-0090", False), ("x", False)],
)
def test_an_orcid_checks_itself(text: str, is_right: bool) -> None:
    assert is_orcid(text) is is_right


def test_editing_replaces_authors_and_links() -> None:
    revision = published()
    paper = written(revision)
    edited = actions.edit_publication(
        publication=paper, draft=paper_draft(None, credits=[actions.CreditDraft("B")], doi="10.1234/z"), by=TESTER
    )
    assert (edited.doi, edited.credits.get().creator.name, edited.links.exists()) == ("10.1234/z", "B", False)
    with pytest.raises(Conflict, match="cannot be changed"):
        actions.edit_publication(publication=published_paper(revision), draft=paper_draft(), by=TESTER)


def test_a_link_is_to_a_revision_of_the_artefact() -> None:
    one, two = published(), published()
    wrong = [actions.LinkDraft(one.artifact, revision=two)]
    with pytest.raises(Refused, match="belongs to something else"):
        written(links=wrong)
    twice = [actions.LinkDraft(one.artifact), actions.LinkDraft(one.artifact)]
    assert written(links=twice).links.count() == 1


def test_what_is_missing_is_refused() -> None:
    revision = drafted()
    for fields, text in (
        ({"credits": []}, "no author"),
        ({"abstract": ""}, "abstract is empty"),
        ({"links": []}, "No model"),
        ({}, "is not published yet"),
    ):
        paper = written(revision, **fields)
        with pytest.raises(Refused, match=text):
            actions.propose_publication(publication=paper, by=TESTER)
        assert not all(check.is_met for check in rules.publication_checks(paper))


def test_a_link_to_a_revision_that_is_no_longer_public_is_refused() -> None:
    revision = published()
    later = actions.draft_revision(artifact=revision.artifact, by=TESTER)
    paper = written(revision, links=[actions.LinkDraft(revision.artifact, revision=later)])
    with pytest.raises(Refused, match="not published yet"):
        actions.propose_publication(publication=paper, by=TESTER)


def test_approval_confirms_links_and_keeps_the_first_evidence() -> None:
    revision = published()
    uses = [
        actions.LinkDraft(revision.artifact, PublicationRelation.INTRODUCES),
        actions.LinkDraft(revision.artifact, PublicationRelation.USES, revision),
    ]
    paper = published_paper(revision, links=uses)
    assert paper.status == PublicationStatus.PUBLISHED
    assert {link.status for link in paper.links.all()} == {LinkStatus.CONFIRMED}
    assert {duty.evidence for duty in Obligation.objects.all()} == {revision.public_id}
    assert list(publications.papers_about(revision.artifact)) == [paper]


def test_a_paper_is_proposed_for_a_duty_that_is_open_again() -> None:
    from grants.funding.actions import send_back

    revision = published()
    duty = Obligation.objects.get(kind="publication")
    send_back(obligation=duty, by=TESTER, reason="A paper is wanted.")
    paper = published_paper(revision)
    duty.refresh_from_db()
    assert (duty.status, duty.evidence, duty.evidence_url) == (
        ObligationStatus.SUBMITTED,
        paper.public_id,
        f"/papers/{paper.public_id}",
    )


def test_authors_do_not_approve_their_own() -> None:
    member = user_with(Role.REVIEWER)
    project = project_with(members=[member])
    revision = published(project)
    paper = written(revision)
    actions.propose_publication(publication=paper, by=TESTER)
    with pytest.raises(Forbidden):
        actions.approve_publication(publication=paper, by=member.actor)
    with pytest.raises(Forbidden):
        actions.return_publication(publication=paper, by=member.actor, reason="no")
    returned = actions.return_publication(publication=paper, by=reviewer().actor, reason="Typos")
    assert returned.status == PublicationStatus.DRAFT
    with pytest.raises(Conflict):
        actions.approve_publication(publication=paper, by=reviewer().actor)


def test_a_retraction_says_why_and_keeps_the_page() -> None:
    paper = published_paper(published())
    with pytest.raises(Refused, match="reason"):
        actions.retract_publication(publication=paper, by=TESTER, reason=" ")
    paper = actions.retract_publication(publication=paper, by=TESTER, reason="Wrong data.")
    assert history_of(paper).last().reason == "Wrong data."  # type: ignore[union-attr]
    assert paper in publications.published_papers()
