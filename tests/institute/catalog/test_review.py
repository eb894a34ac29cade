"""Publishing is one reviewed step: what it needs, what it refuses, what it sets off."""

import re

import pytest

from grants.funding.actions import accept_fulfilment
from grants.funding.enums import ObligationKind, ObligationStatus, RestrictionKind
from grants.funding.models import Obligation
from institute.catalog import actions, rules
from institute.catalog.enums import RevisionStatus
from institute.catalog.formats import cards
from institute.catalog.models import Artifact, Ref, Revision
from institute.catalog.queries import artifacts, trees
from institute.core.errors import Conflict, Forbidden, Refused
from institute.core.models import AuditEntry, OutboxMessage
from institute.core.states import history_of
from institute.people.enums import Role
from tests.factories.allocations import clause, member_of, project_with
from tests.factories.catalog import (
    OUTPUT,
    drafted,
    finished_job,
    metrics,
    paid_allocation,
    proposed,
    published,
    published_data,
    reviewer,
)
from tests.factories.funding import CITE
from tests.factories.jobs import submitted_job
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db


def failed(revision: Revision) -> list[str]:
    return [check.rule for check in rules.checks_of(revision) if not check.is_met]


def without_sentence(revision: Revision) -> Revision:
    front, body = cards.split(trees.text_at(revision.commit, trees.CARD))
    text = cards.join(front, body.replace(CITE, ""))
    return actions.edit_card(revision=revision, text=text, by=TESTER)


def test_a_draft_from_a_job_is_ready_to_be_proposed() -> None:
    revision = drafted()
    assert failed(revision) == []
    assert CITE in trees.text_at(revision.commit, trees.CARD)
    assert revision.licence == "Apache-2.0"
    assert actions.propose_revision(revision=revision, by=TESTER).status == RevisionStatus.IN_REVIEW


def test_without_a_licence_nothing_is_proposed() -> None:
    revision = drafted(licence="")
    with pytest.raises(Refused, match="no SPDX licence") as refusal:
        actions.propose_revision(revision=revision, by=TESTER)
    assert (refusal.value.field, refusal.value.rule) == ("licence", "licence")
    assert Revision.objects.get(pk=revision.pk).status == RevisionStatus.DRAFT


def test_the_licence_other_needs_name_and_link() -> None:
    revision = drafted()
    revision = actions.describe_revision(revision=revision, label="v1", licence="other", notes="", by=TESTER)
    assert failed(revision) == ["licence"]
    text = cards.with_front(
        trees.text_at(revision.commit, trees.CARD), license_name="ours", license_link="https://example.org/l"
    )
    assert failed(actions.edit_card(revision=revision, text=text, by=TESTER)) == []


def test_without_the_donors_sentence_nothing_is_proposed() -> None:
    revision = without_sentence(drafted())
    with pytest.raises(Refused, match=CITE) as refusal:
        actions.propose_revision(revision=revision, by=TESTER)
    assert refusal.value.rule == "acknowledgement"
    revision = actions.acknowledge_in_card(revision=revision, by=TESTER)
    assert failed(revision) == []
    again = actions.acknowledge_in_card(revision=revision, by=TESTER)
    assert again.commit_id == revision.commit_id


def test_a_licence_less_open_than_a_pledge_asks_is_refused() -> None:
    allocation = paid_allocation()
    pledge = allocation.sources.get().pledge
    revision = drafted(allocation=allocation)
    clause(pledge, RestrictionKind.OPEN_LICENCE, "Permissive only.", parameter={"at_least": "permissive"})
    revision = actions.describe_revision(revision=revision, label="v1", licence="CC-BY-SA-4.0", notes="", by=TESTER)
    assert failed(revision) == ["licence-openness"]
    choice = actions.describe_revision(
        revision=revision, label="v1", licence="GPL-3.0-or-later OR MIT", notes="", by=TESTER
    )
    assert failed(choice) == []
    strict = actions.describe_revision(
        revision=revision, label="v1", licence="MIT AND (GPL-3.0-or-later OR MIT)", notes="", by=TESTER
    )
    assert failed(strict) == ["licence-openness"]


def test_a_clause_that_only_reports_does_not_forbid() -> None:
    allocation = paid_allocation()
    clause(
        allocation.sources.get().pledge,
        RestrictionKind.OPEN_LICENCE,
        parameter={"at_least": "permissive"},
        enforcement="report",
    )
    revision = drafted(allocation=allocation)
    revision = actions.describe_revision(revision=revision, label="v1", licence="CC-BY-NC-4.0", notes="", by=TESTER)
    assert failed(revision) == []


def test_a_pickle_is_refused_whatever_its_name() -> None:
    import pickle

    revision = drafted(files=OUTPUT | {"extra.txt": pickle.dumps({"a": 1})})
    assert failed(revision) == ["clean-files"]
    with pytest.raises(Refused, match=r"extra\.txt"):
        actions.propose_revision(revision=revision, by=TESTER)
    named = drafted(files=OUTPUT | {"weights.pt": b"not one at all"})
    assert failed(named) == ["clean-files"]


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"metrics.json": metrics(passed=False)}, "“beats_baseline” is 2.3, its limit 3.07"),
        ({"metrics.json": b'{"values": {}, "gates": []}'}, "“beats_baseline” was not measured"),
        ({"metrics.json": b"[]"}, "was not measured"),
        ({"metrics.json": b"no json"}, "was not measured"),
    ],
)
def test_a_model_that_fails_its_own_measurements_is_refused(files: dict[str, bytes], text: str) -> None:
    revision = drafted(files=OUTPUT | files)
    with pytest.raises(Refused, match=re.escape(text)) as refusal:
        actions.propose_revision(revision=revision, by=TESTER)
    assert refusal.value.rule == "gates"


def test_a_job_of_a_recipe_that_is_gone_needs_its_gates_passed() -> None:
    revision = drafted()
    assert revision.job is not None
    revision.job.recipe = "gone"
    assert [check.rule for check in rules.checks_of(revision) if check.rule == "gates" and check.is_met] == ["gates"]


def test_a_card_that_cannot_be_read_or_is_empty_is_refused() -> None:
    revision = drafted(files=OUTPUT | {"README.md": b"---\na: [\n---\n"})
    assert "card" in failed(revision)
    empty = drafted(files=OUTPUT | {"README.md": b""})
    assert failed(empty) == []  # the platform writes the title
    data = published_data()
    assert failed(data) == []


def test_files_other_than_those_of_the_job_are_refused() -> None:
    revision = drafted()
    user = UserFactory.create()
    from tests.factories.catalog import committed

    commit = committed(revision.artifact, user, {"config.json": b"{}"})
    Revision.objects.filter(pk=revision.pk).update(commit=commit)
    revision.refresh_from_db()
    assert failed(revision) == ["output-unchanged"]


def test_a_job_that_handed_nothing_in_is_not_published() -> None:
    revision = drafted()
    Revision.objects.filter(pk=revision.pk).update(job=submitted_job())
    checks = {check.rule: check for check in rules.checks_of(Revision.objects.get(pk=revision.pk))}
    assert not checks["output-unchanged"].is_met
    assert "manifest.json" in checks["output-unchanged"].message


def test_a_job_that_failed_is_not_published() -> None:
    revision = drafted()
    assert revision.job is not None
    type(revision.job).objects.filter(pk=revision.job.pk).update(status="failed")
    assert failed(Revision.objects.get(pk=revision.pk)) == ["job-succeeded"]


def test_a_refusal_names_everything_that_is_missing() -> None:
    revision = without_sentence(drafted(licence=""))
    with pytest.raises(Refused, match="Also not met: The card thanks for"):
        actions.propose_revision(revision=revision, by=TESTER)


def test_only_drafts_are_proposed() -> None:
    with pytest.raises(Conflict, match="in review"):
        actions.propose_revision(revision=proposed(), by=TESTER)


def test_approval_publishes_tags_and_tells() -> None:
    revision = proposed()
    person = reviewer()
    revision = actions.approve_revision(revision=revision, by=person.actor)
    artifact = Artifact.objects.get(pk=revision.artifact_id)
    assert revision.status == RevisionStatus.PUBLISHED
    assert artifact.latest == revision
    assert artifact.licence == "Apache-2.0"
    assert artifact.summary == "A small language model for Swahili."
    assert artifact.tags == ["headwaters", "pretrain_lm"]
    tag = Ref.objects.get(artifact=artifact, name="refs/tags/v1")
    assert tag.commit == revision.commit
    assert [step.to_status for step in history_of(revision)] == ["draft", "in_review", "published"]
    assert AuditEntry.objects.get(action="revision.publish").person == person.public_id
    assert not OutboxMessage.objects.filter(topic="institute.catalog.RevisionPublished").exists()  # nobody listens yet


def test_the_duties_to_the_donor_show_the_revision_as_their_evidence() -> None:
    revision = published()
    duties = {duty.kind: duty for duty in Obligation.objects.all()}
    assert set(duties) == {ObligationKind.PUBLICATION, ObligationKind.CREDIT}
    assert {duty.status for duty in duties.values()} == {ObligationStatus.SUBMITTED}
    assert {duty.evidence for duty in duties.values()} == {revision.public_id}
    assert duties[ObligationKind.PUBLICATION].evidence_url == f"/revisions/{revision.public_id}"
    accepted = accept_fulfilment(obligation=duties[ObligationKind.PUBLICATION], by=TESTER)
    assert accepted.status == ObligationStatus.ACCEPTED


def test_no_member_and_no_author_approves() -> None:
    person = user_with(Role.REVIEWER)
    revision = proposed(project_with(members=[person]))
    with pytest.raises(Forbidden, match="no member"):
        actions.approve_revision(revision=revision, by=person.actor)
    with pytest.raises(Forbidden):
        actions.approve_revision(revision=revision, by=TESTER)
    with pytest.raises(Forbidden):
        actions.return_revision(revision=revision, by=person.actor, reason="no")


def test_who_drafted_it_does_not_approve_it() -> None:
    author = user_with(Role.REVIEWER)
    job = finished_job(allocation=paid_allocation())
    revision = actions.draft_revision_from_job(job=job, by=author.actor)
    actions.propose_revision(revision=revision, by=TESTER)
    with pytest.raises(Forbidden):
        actions.approve_revision(revision=revision, by=author.actor)


def test_a_clause_that_came_after_the_proposal_still_counts() -> None:
    allocation = paid_allocation()
    revision = proposed(allocation=allocation)
    clause(allocation.sources.get().pledge, RestrictionKind.CITE, "And thanks again.")
    with pytest.raises(Refused, match="And thanks again"):
        actions.approve_revision(revision=revision, by=reviewer().actor)
    assert Revision.objects.get(pk=revision.pk).status == RevisionStatus.IN_REVIEW
    assert Obligation.objects.filter(status=ObligationStatus.SUBMITTED).count() == 0


def test_a_returned_proposal_is_a_draft_again_with_the_reason() -> None:
    revision = proposed()
    with pytest.raises(Refused, match="reason"):
        actions.return_revision(revision=revision, by=reviewer().actor, reason=" ")
    revision = actions.return_revision(revision=revision, by=reviewer().actor, reason="Say what it is not for.")
    assert revision.status == RevisionStatus.DRAFT
    assert history_of(revision).last().reason == "Say what it is not for."  # type: ignore[union-attr]


def test_a_withdrawn_revision_leaves_the_one_before_it() -> None:
    project = project_with()
    first = published(project)
    allocation = paid_allocation(project)
    second = published(allocation=allocation)
    artifact = second.artifact
    assert (first.artifact_id, second.label) == (artifact.pk, "v2")
    with pytest.raises(Refused, match="reason"):
        actions.withdraw_revision(revision=second, by=TESTER, reason="")
    actions.withdraw_revision(revision=second, by=TESTER, reason="Wrong tokenizer.")
    artifact.refresh_from_db()
    assert artifact.latest == first
    actions.withdraw_revision(revision=first, by=TESTER, reason="That one too.")
    artifact.refresh_from_db()
    assert (artifact.latest, artifact.published_at) == (None, None)
    assert [revision.label for revision in artifacts.public_revisions(artifact)] == ["v2", "v1"]


def test_withdrawing_an_older_revision_changes_no_list() -> None:
    project = project_with()
    first = published(project)
    second = published(allocation=paid_allocation(project))
    actions.withdraw_revision(revision=first, by=TESTER, reason="Old.")
    second.artifact.refresh_from_db()
    assert second.artifact.latest == second


def test_a_dropped_draft_frees_its_label_and_its_job() -> None:
    revision = drafted()
    dropped = actions.drop_revision(revision=revision, by=TESTER, reason="Again")
    assert (dropped.status, dropped.label) == (RevisionStatus.DROPPED, dropped.public_id.lower())
    assert dropped.job is not None
    again = actions.draft_revision_from_job(job=dropped.job, by=TESTER)
    assert (again.label, again.pk != dropped.pk) == ("v1", True)
    with pytest.raises(Conflict):
        actions.drop_revision(revision=published(), by=TESTER, reason="no")


def test_tags_of_a_card_that_are_no_list_are_left_out() -> None:
    files = OUTPUT | {"README.md": b"---\ntags: one\n---\n# M\n\n- a list\n"}
    revision = published(files=files)
    artifact = Artifact.objects.get(pk=revision.artifact_id)
    assert (artifact.tags, artifact.summary) == ([], "")


def test_a_lead_is_no_reviewer_of_the_own_project() -> None:
    lead = user_with(Role.ADMIN)
    project = project_with(lead=lead)
    revision = proposed(project)
    assert not lead.has_perm("catalog.review_revision", revision)
    assert reviewer().has_perm("catalog.review_revision", revision)
    assert lead.has_perm("catalog.propose_revision", revision)
    member = UserFactory.create()
    member_of(project, member)
    assert not member.has_perm("catalog.propose_revision", revision)
    assert member.has_perm("catalog.draft_revision", revision)
