"""A job's output becomes a draft: copied, described, measured, traced."""

from decimal import Decimal

import pytest

from compute.jobs.events import OutputCommitted
from compute.jobs.models import JobCheckpoint, JobFile
from institute.catalog import actions, job_inputs
from institute.catalog.actions.from_job import slug_of
from institute.catalog.enums import Attestation, Relation, RevisionStatus
from institute.catalog.job_inputs import JobInputs
from institute.catalog.models import Artifact, Blob, Revision
from institute.catalog.queries import references, trees
from institute.core import outbox
from institute.core.errors import Conflict, NotFound, Refused
from institute.core.models import OutboxMessage
from institute.core.storage import store
from tests.factories.allocations import project_with
from tests.factories.catalog import (
    OUTPUT,
    artifact_of,
    drafted,
    finished_job,
    paid_allocation,
    published,
    published_data,
    reviewer,
)
from tests.factories.jobs import submitted_job
from tests.factories.people import TESTER, UserFactory

pytestmark = pytest.mark.django_db


def test_everything_the_job_handed_in_is_there_and_the_manifest_with_it() -> None:
    revision = drafted()
    paths = [file.path for file in trees.files_of(revision.commit)]
    assert paths == sorted([*OUTPUT, "manifest.json", ".gitattributes"])
    assert (revision.n_files, revision.n_bytes) == (8, sum(f.size for f in trees.files_of(revision.commit)))
    manifest = trees.file_at(revision.commit, "manifest.json")
    assert manifest is not None
    assert manifest.sha256 == JobCheckpoint.objects.get().manifest_sha256
    assert Blob.objects.get(
        sha256=next(f.sha256 for f in trees.files_of(revision.commit) if f.name == "model.safetensors")
    ).header


def test_measurements_are_attested_by_the_run() -> None:
    revision = drafted()
    result = revision.results.get()
    assert (result.metric, result.value, result.stderr, result.n) == (
        "bits_per_byte",
        Decimal("2.3"),
        Decimal("0.003"),
        168754,
    )
    assert result.control == Decimal("3.07")
    assert (result.run, result.attestation, result.unit) == (revision.run, Attestation.ATTESTED, "bits")


def test_the_run_and_the_data_are_its_sources() -> None:
    project = project_with()
    data = published_data(project)
    reference = references.reference_of(data)
    revision = drafted(allocation=paid_allocation(project), source="dataset", dataset=reference)
    sources = {source.relation: source for source in revision.sources.all()}
    assert sources[Relation.PRODUCED_BY].from_run == revision.run
    assert sources[Relation.TRAINED_ON].from_revision == data
    assert sources[Relation.TRAINED_ON].evidence["reference"] == reference == f"datasets/{data.artifact}@v1"


def test_the_same_job_again_gives_the_same_draft() -> None:
    job = finished_job(allocation=paid_allocation())
    candidate = actions.draft_revision_from_job(job=job, by=TESTER, as_candidate=True)
    assert candidate.status == RevisionStatus.CANDIDATE
    assert actions.draft_revision_from_job(job=job, by=TESTER, as_candidate=True) == candidate
    taken_up = actions.draft_revision_from_job(job=job, by=TESTER)
    assert (taken_up.pk, taken_up.status) == (candidate.pk, RevisionStatus.DRAFT)
    assert actions.draft_revision_from_job(job=job, by=TESTER) == taken_up


def test_a_second_job_is_the_next_revision_of_the_same_model() -> None:
    project = project_with()
    first = drafted(project)
    second = drafted(allocation=paid_allocation(project))
    assert (second.artifact, second.label) == (first.artifact, "v2")
    third = finished_job(allocation=paid_allocation(project), name="other")
    chosen = actions.draft_revision_from_job(job=third, by=TESTER, artifact=first.artifact)
    assert (chosen.artifact, chosen.label) == (first.artifact, "v3")
    fourth = finished_job(allocation=paid_allocation(project), name="a name !")
    assert actions.draft_revision_from_job(job=fourth, by=TESTER).artifact.name == "a-name"


def test_a_model_of_another_project_is_refused() -> None:
    job = finished_job(allocation=paid_allocation())
    with pytest.raises(Refused, match="no model of the job's project"):
        actions.draft_revision_from_job(job=job, by=TESTER, artifact=artifact_of(project_with()))


def test_a_job_without_output_is_refused() -> None:
    with pytest.raises(Refused, match="handed no output in"):
        actions.draft_revision_from_job(job=submitted_job(), by=TESTER)
    assert not Artifact.objects.exists()


def test_an_empty_output_becomes_its_manifest_and_what_git_needs() -> None:
    bare = finished_job(allocation=paid_allocation(), files={})
    assert actions.draft_revision_from_job(job=bare, by=TESTER).n_files == 2


@pytest.mark.parametrize("how", ["changed", "lost"])
def test_damaged_output_is_refused_and_nothing_is_written(how: str) -> None:
    job = finished_job(allocation=paid_allocation())
    file = JobFile.objects.get(job=job, path="model.safetensors")
    if how == "changed":
        store().write(file.key, [b"\0other"])
    else:
        store().delete(file.key)
    with pytest.raises(Refused, match="is not what the job handed in"):
        actions.draft_revision_from_job(job=job, by=TESTER)
    assert not Artifact.objects.exists()


def test_metrics_of_another_form_are_no_measurements() -> None:
    revision = drafted(files=OUTPUT | {"metrics.json": b"no json"})
    assert not revision.results.exists()
    files = {path: content for path, content in OUTPUT.items() if path != "metrics.json"}
    assert not drafted(files=files).results.exists()


def test_a_card_with_own_front_matter_keeps_it() -> None:
    own = b"---\nlicense: mit\ntags: [mine]\n---\n# T\n\nText.\n"
    text = trees.text_at(drafted(files=OUTPUT | {"README.md": own}).commit, "README.md")
    assert text.startswith("---\nlicense: mit\ntags:\n- mine\n---\n")
    files = {path: content for path, content in OUTPUT.items() if path != "README.md"}
    assert "# swahili-410m" in trees.text_at(drafted(files=files).commit, "README.md")


def test_a_job_that_asks_for_it_becomes_a_candidate_by_itself(settings: object) -> None:
    quiet = finished_job(allocation=paid_allocation())
    asking = finished_job(allocation=paid_allocation(), publish_on_success=True)
    from django.db import transaction

    for job in (quiet, asking):
        with transaction.atomic():
            event = OutputCommitted(job_id=job.public_id, attempt_id=job.attempts.get().public_id, manifest_sha256="")
            outbox.publish(event, subject=job.public_id)
    ours = OutboxMessage.objects.filter(receiver="institute.catalog.receivers.make_candidate")
    for message in ours:
        assert outbox.deliver(message.pk) is True
    assert [revision.job for revision in Revision.objects.all()] == [asking]
    OutboxMessage.objects.filter(pk__in=ours).update(status="pending", delivered_at=None)
    for message in ours:
        outbox.deliver(message.pk)
    assert Revision.objects.count() == 1


def test_names_from_jobs() -> None:
    assert slug_of("Pretrain: a/b") == "Pretrain-a-b"
    assert slug_of("!!!") == "model"


def test_labels_licences_and_notes_of_a_draft() -> None:
    revision = drafted(licence="")
    revision = actions.describe_revision(revision=revision, label="2026-11", licence="mit", notes=" N ", by=TESTER)
    assert (revision.label, revision.licence, revision.notes) == ("2026-11", "MIT", "N")
    assert "license: mit" in trees.text_at(revision.commit, "README.md")
    commit = revision.commit
    same = actions.describe_revision(revision=revision, label="2026-11", licence="MIT", notes="", by=TESTER)
    assert same.commit == commit
    for label in ("", "a/b", "main", "deadbeef", "x" * 41, "-a"):
        with pytest.raises(Refused, match="cannot be a label"):
            actions.describe_revision(revision=revision, label=label, licence="", notes="", by=TESTER)
    with pytest.raises(Refused, match="no SPDX"):
        actions.describe_revision(revision=revision, label="v1", licence="mine", notes="", by=TESTER)
    other = actions.draft_revision(artifact=revision.artifact, label="v7", by=TESTER)
    with pytest.raises(Conflict, match="Another revision"):
        actions.describe_revision(revision=other, label="2026-11", licence="", notes="", by=TESTER)
    with pytest.raises(Conflict, match="already"):
        actions.draft_revision(artifact=revision.artifact, label="v7", by=TESTER)


def test_a_card_without_front_matter_or_with_a_broken_one_is_left_alone() -> None:
    bare = drafted(files={"README.md": b"---\na: [\n---\n", "x": b"1"})
    kept = actions.describe_revision(revision=bare, label="v1", licence="MIT", notes="", by=TESTER)
    assert "license" not in trees.text_at(kept.commit, "README.md")
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    from tests.factories.catalog import committed

    committed(artifact, user, {"x": b"1"})
    without = actions.draft_revision(artifact=artifact, by=TESTER)
    assert actions.describe_revision(revision=without, label="v1", licence="MIT", notes="", by=TESTER).licence == "MIT"
    assert actions.acknowledge_in_card(revision=without, by=TESTER).commit == without.commit


def test_editing_a_card() -> None:
    revision = drafted()
    with pytest.raises(Refused, match="front matter"):
        actions.edit_card(revision=revision, text="---\n- a\n---\n", by=TESTER)
    edited = actions.edit_card(revision=revision, text="# New\r\n\r\nText.", by=TESTER)
    assert trees.text_at(edited.commit, "README.md") == "# New\n\nText.\n"
    assert actions.edit_card(revision=edited, text="# New\n\nText.\n", by=TESTER).commit == edited.commit
    with pytest.raises(Conflict, match="cannot be changed"):
        actions.edit_card(revision=published(), text="x", by=TESTER)


def test_nothing_committed_nothing_to_draft() -> None:
    with pytest.raises(Refused, match="no files yet"):
        actions.draft_revision(artifact=artifact_of(project_with()), by=TESTER)


def test_a_draft_of_files_that_lag_behind_the_branch_edits_its_own_card() -> None:
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    from tests.factories.catalog import committed

    committed(artifact, user, {"x": b"1"})
    revision = actions.draft_revision(artifact=artifact, by=TESTER)
    committed(artifact, user, {"y": b"2"})
    edited = actions.edit_card(revision=revision, text="# C", by=TESTER)
    assert [file.path for file in trees.files_of(edited.commit)] == ["README.md", "x"]


def test_what_jobs_may_read() -> None:
    project = project_with()
    data = published_data(project, train__txt=b"one\n", more__md=b"two\n")
    model = published(project)
    draft = drafted(allocation=paid_allocation(project), name="draft")
    lead, stranger, port = project.memberships.get().user, UserFactory.create(), JobInputs()
    assert [choice.reference for choice in port.choices(stranger, "dataset")] == [f"datasets/{data.artifact}@v1"]
    assert [choice.reference for choice in port.choices(stranger, "model")] == [f"{model.artifact}@v1"]
    assert [choice.reference for choice in port.choices(lead, "model")] == [
        f"{draft.artifact}@v1",
        f"{model.artifact}@v1",
    ]
    facts = port.facts(f"{model.artifact}@v1")
    assert (facts["family"], facts["parameters"], facts["shapes"]["embed"]) == ("llama", 12, [4, 2])
    assert facts["licence"] == "Apache-2.0"
    files = port.files(f"datasets/{data.artifact}@v1")
    assert [file.name for file in files] == ["more.md", "train.txt"]
    for file in files:
        with store().open(file.key) as reader:
            assert len(reader.read()) == file.bytes
    with pytest.raises(NotFound):
        port.files("datasets/none/such")
    assert port.facts(f"datasets/{data.artifact}")["files"] == ["README.md", "more.md", "train.txt"]


def test_a_job_may_read_what_no_list_has_room_for_but_nothing_that_is_not_its_persons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job_inputs, "MOST_CHOICES", 1)
    project = project_with()
    old, new = published(project), published(name="newer")
    draft = drafted(allocation=paid_allocation(project), name="draft")
    lead, stranger, port = project.memberships.get().user, UserFactory.create(), JobInputs()
    assert [choice.reference for choice in port.choices(stranger, "model")] == [f"{new.artifact}@v1"]
    for revision, people in ((old, {lead, stranger}), (new, {lead, stranger}), (draft, {lead})):
        for person in (lead, stranger):
            assert port.is_usable(person, "model", f"{revision.artifact}@v1") == (person in people)
    # What a job reads is written down as it is named, so it is named exactly.
    for reference in (str(old.artifact), f"{old.artifact}@{old.commit.sha1}", f"{old.artifact}@v9", ""):
        assert not port.is_usable(lead, "model", reference)
    assert not port.is_usable(lead, "dataset", f"{old.artifact}@v1")


def test_references_name_revisions() -> None:
    revision = published()
    sha1 = revision.commit.sha1
    path = str(revision.artifact)
    for reference in (path, f"{path}@v1", f"{path}@{sha1}", f"{path.upper()}@{sha1[:8]}"):
        assert references.revision_named(reference) == revision, reference
    for reference in ("", "a", f"datasets/{path}", f"{path}@v2", f"{path}@{'0' * 40}"):
        assert references.revision_named(reference) is None, reference


@pytest.mark.parametrize("text", [b"no json", b"[1]"])
def test_a_config_that_cannot_be_read_names_no_family(text: bytes) -> None:
    revision = published(files=OUTPUT | {"config.json": text})
    assert JobInputs().facts(str(revision.artifact))["family"] == ""


def test_a_reviewer_is_no_member() -> None:
    assert not reviewer().has_perm("catalog.draft_revision", drafted())
