"""What is refused leaves no row behind, however many steps the request has."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from institute.catalog import actions
from institute.catalog.enums import RevisionStatus
from institute.catalog.models import Blob, Upload
from tests.factories.allocations import project_with
from tests.factories.catalog import artifact_of, committed, drafted, finished_job, paid_allocation
from tests.factories.people import TESTER
from tests.hostile.traces import changed_by

pytestmark = pytest.mark.django_db


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_change_of_a_draft_is_whole_or_nothing() -> None:
    revision = drafted()
    client = client_of(revision.artifact.project.memberships.get(role="lead").user)
    answers = []

    def act() -> None:
        body = json.dumps({"card": "# Another card\n", "label": "not a label"})
        path = f"/api/v1/revisions/{revision.public_id}"
        answers.append(client.patch(path, body, content_type="application/json").status_code)

    assert (changed_by(act), answers) == ([], [422])


def test_files_that_cannot_be_committed_are_not_noted_as_uploaded() -> None:
    project = project_with()
    lead = project.memberships.get().user
    artifact, client = artifact_of(project), client_of(lead)
    committed(artifact, lead, {"README.md": b"# A\n"})
    answers = []

    def act() -> None:
        files = [SimpleUploadedFile("b.txt", b"two"), SimpleUploadedFile("a.txt", b"one")]
        sent = {"files": files, "message": "More", "folder": "README.md", "parent": ""}
        path = f"{artifact.get_absolute_url()}/upload"
        answers.append(client.post(path, sent).status_code)

    assert (changed_by(act), answers) == ([], [422])


def test_two_who_bring_the_same_files_take_them_in_the_same_order() -> None:
    """Else each could wait for a row that the other has just written."""
    project = project_with()
    artifact, lead = artifact_of(project), project.memberships.get().user
    contents = [b"one", b"two", b"three", b"four", b"five"]
    for number, given in enumerate((contents, contents[::-1])):
        files = [SimpleUploadedFile("f", bytes([48 + number]) + content).file for content in given]
        uploads = actions.upload_files(artifact=artifact, sources=files, user=lead, by=TESTER)
        sizes = [upload.blob.size for upload in uploads]
        assert sizes == [len(content) + 1 for content in given]
        hashes = list(Blob.objects.filter(pk__in=[upload.blob_id for upload in uploads]).order_by("created_at", "pk"))
        noted = Upload.objects.filter(pk__in=[upload.pk for upload in uploads]).order_by("pk")
        assert [upload.blob_id for upload in noted] == sorted(blob.pk for blob in hashes)


@pytest.mark.parametrize("name", ["resolve", "-", "a b", "x" * 96 + "y"])
def test_a_job_is_not_copied_for_a_model_that_cannot_be(name: str) -> None:
    job = finished_job(allocation=paid_allocation())
    client = client_of(job.project.memberships.get(role="lead").user)
    answers = []

    def act() -> None:
        body = json.dumps({"job": job.public_id, "name": name})
        answers.append(client.post("/api/v1/revisions", body, content_type="application/json").status_code)

    assert changed_by(act) == []
    assert answers in ([422], [400])


def test_a_job_is_not_copied_for_a_model_of_another_project() -> None:
    job = finished_job(allocation=paid_allocation())
    lead = job.project.memberships.get(role="lead").user
    other, client = artifact_of(project_with(lead=lead)), client_of(lead)
    answers = []

    def act() -> None:
        body = json.dumps({"job": job.public_id, "artifact": other.public_id})
        answers.append(client.post("/api/v1/revisions", body, content_type="application/json").status_code)

    assert (changed_by(act), answers) == ([], [422])


def test_a_candidate_that_cannot_be_proposed_stays_a_candidate() -> None:
    job = finished_job(allocation=paid_allocation(), licence="")
    candidate = actions.draft_revision_from_job(job=job, by=TESTER, as_candidate=True)
    client = client_of(job.project.memberships.get(role="lead").user)
    changed = changed_by(lambda: client.post(f"/revisions/{candidate.public_id}/propose"))
    candidate.refresh_from_db()
    assert (changed, candidate.status) == ([], RevisionStatus.CANDIDATE)


def test_a_paper_is_not_written_for_another_project_than_was_asked_for() -> None:
    lead = project_with().memberships.get().user
    client, foreign = client_of(lead), project_with()
    answers = []

    def act() -> None:
        sent = {"project": foreign.public_id, "title": "T", "abstract": "A", "authors": "A. B.", "language": "en"}
        answers.append(client.post("/new/paper", sent | {"kind": "preprint", "links": ""}).status_code)

    assert (changed_by(act), answers) == ([], [404])


def test_names_with_nul_characters_are_nobodys() -> None:
    client = client_of(project_with().memberships.get().user)
    assert client.post("/new/paper", {"project": "a\x00b"}).status_code == 404
    assert client.post("/new/model", {"namespace": "a\x00b", "name": "m"}).status_code == 422


@pytest.mark.parametrize("sent", ["files", "fields"])
def test_more_parts_than_anybody_sends_are_refused(sent: str) -> None:
    project = project_with()
    artifact, client = artifact_of(project), client_of(project.memberships.get().user)
    many = {
        "files": {"file": [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(101)]},
        "fields": {f"f{number}": "x" for number in range(1001)},
    }
    answers = []

    def act() -> None:
        answer = client.post(f"/api/v1/artifacts/{artifact.public_id}/uploads", many[sent])
        answers.append((answer.status_code, answer.headers["Content-Type"]))

    assert (changed_by(act), answers) == ([], [(400, "application/problem+json")])
