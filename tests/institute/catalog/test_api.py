"""The API: what pages offer, as JSON; hostile input gets a clear 4xx."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from institute.catalog.models import Artifact, Commit, Publication, Revision, Upload
from institute.people.actions import create_token
from institute.people.enums import Scope
from institute.people.models import User
from tests.factories.allocations import member_of, project_with
from tests.factories.catalog import drafted, finished_job, paid_allocation, published, published_paper, reviewer
from tests.factories.people import TESTER, UserFactory

pytestmark = pytest.mark.django_db


class Api:
    """Calls with a person's token, or with none."""

    def __init__(self, user: User | None = None, scope: Scope = Scope.WRITE) -> None:
        headers = {}
        if user is not None:
            expires = timezone.now() + timedelta(days=1)
            _row, token = create_token(user=user, name="t", scopes=[scope], expires_at=expires, by=TESTER)
            headers["Authorization"] = f"Bearer {token}"
        self.client = Client(headers=headers)

    def get(self, path: str, status: int = 200) -> Any:
        response = self.client.get(f"/api/v1/{path}")
        assert response.status_code == status, response.content
        return response.json()

    def send(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        call = getattr(self.client, method)
        response = call(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers)
        assert response.status_code == status, response.content
        return response.json()

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        return self.send("post", path, body, status, **headers)


def lead_of(revision: Revision) -> User:
    assert revision.artifact.project is not None
    return revision.artifact.project.memberships.get(role="lead").user


def test_from_an_empty_data_set_to_a_published_one() -> None:
    project = project_with()
    lead = Api(project.memberships.get().user)
    body = {"kind": "dataset", "handle": project.handle, "name": "corpus", "summary": "Lines"}
    made = lead.post("artifacts", body, 201, **{"Idempotency-Key": "k"})
    assert lead.post("artifacts", body, 201, **{"Idempotency-Key": "k"}) == made
    assert Artifact.objects.count() == 1
    content = b"\0binary"
    sha256 = hashlib.sha256(content).hexdigest()
    url = f"/api/v1/artifacts/{made['id']}/uploads"
    put = lead.client.put(f"{url}/{sha256}", content, content_type="application/octet-stream")
    assert (put.status_code, put.json()["sha256"], put.json()["size"]) == (201, sha256, 7)
    from django.core.files.uploadedfile import SimpleUploadedFile

    sent = lead.client.post(url, {"file": SimpleUploadedFile("a.txt", b"one")})
    assert sent.status_code == 201
    changes = [
        {"op": "put", "path": "a.bin", "sha256": sha256},
        {"op": "put", "path": "a.txt", "sha256": sent.json()["sha256"]},
        {"op": "put", "path": "README.md", "text": "# C\n\nLines.\n"},
    ]
    commit = lead.post(f"artifacts/{made['id']}/commits", {"message": "First", "parent": "", "changes": changes}, 201)
    removal = {"message": "Less", "changes": [{"op": "delete", "path": "a.bin"}]}
    lead.post(f"artifacts/{made['id']}/commits", removal, 201)
    assert [row["message"] for row in lead.get(f"artifacts/{made['id']}/commits")] == ["Less\n", "First\n"]
    assert {row["path"] for row in lead.get(f"artifacts/{made['id']}/files?rev={commit['id']}")} == {
        *("a.bin", "a.txt", "README.md", ".gitattributes")
    }
    draft = lead.post("revisions", {"artifact": made["id"], "licence": "cc-by-4.0"}, 201)
    assert all(check["is_met"] for check in lead.get(f"revisions/{draft['id']}/checks"))
    assert lead.post(f"revisions/{draft['id']}/propose")["status"] == "in_review"
    assert lead.post(f"revisions/{draft['id']}/approve", status=403)["type"].endswith("permission-denied")
    assert Api(reviewer()).post(f"revisions/{draft['id']}/approve")["status"] == "published"
    anyone = Api()
    assert anyone.get("artifacts?kind=dataset")["results"][0]["name"] == "corpus"
    assert anyone.get(f"artifacts/{made['id']}")["licence"] == "CC-BY-4.0"
    assert anyone.get(f"artifacts/{made['id']}/provenance")["paid_by"] == []
    assert [row["path"] for row in anyone.get(f"artifacts/{made['id']}/files")] == ["README.md", "a.txt"]


def test_from_a_job_to_a_published_model() -> None:
    job = finished_job(allocation=paid_allocation(), licence="")
    user = job.project.memberships.get(role="lead").user
    lead = Api(user)
    draft = lead.post("revisions", {"job": job.public_id}, 201)
    refused = lead.post(f"revisions/{draft['id']}/propose", status=422)
    assert refused["type"] == "urn:headwaters:problem:licence"
    changed = lead.send("patch", f"revisions/{draft['id']}", {"licence": "mit", "card": "# M\n\nWords.\n"})
    assert (changed["licence"], changed["label"]) == ("MIT", "v1")
    assert lead.post(f"revisions/{draft['id']}/propose", status=422)["type"].endswith("acknowledgement")
    lead.post(f"revisions/{draft['id']}/acknowledge")
    lead.post(f"revisions/{draft['id']}/propose")
    boss = Api(reviewer())
    boss.post(f"revisions/{draft['id']}/return", {"reason": "Typos."})
    lead.post(f"revisions/{draft['id']}/propose")
    done = boss.post(f"revisions/{draft['id']}/approve")
    anyone = Api()
    assert anyone.get(f"revisions/{done['id']}/results")[0]["metric"] == "bits_per_byte"
    assert anyone.get(f"revisions/{done['id']}/provenance")["paid_by"][0]["accelerator_seconds"] == 90
    assert anyone.get(f"revisions?job__public_id={job.public_id}")["results"][0]["id"] == done["id"]
    assert boss.post(f"revisions/{done['id']}/withdraw", {"reason": "Old."})["status"] == "withdrawn"
    assert anyone.get(f"artifacts/{done['artifact']}", 404)


def test_a_second_draft_into_a_chosen_model() -> None:
    first = drafted()
    job = finished_job(allocation=paid_allocation(first.artifact.project), name="again")
    lead = Api(lead_of(first))
    body = {"job": job.public_id, "artifact": first.artifact.public_id}
    assert lead.post("revisions", body, 201)["label"] == "v2"
    dropped = lead.post(f"revisions/{first.public_id}/drop", {"reason": "old"})
    assert dropped["status"] == "dropped"


def test_a_paper() -> None:
    revision = published()
    lead = Api(lead_of(revision))
    assert revision.artifact.project is not None
    body = {
        "project": revision.artifact.project.public_id,
        "title": "A paper",
        "abstract": "Short.",
        "authors": [{"name": "Ada", "orcid": "0000-0002-1825-0097"}],
        "links": [{"artifact": revision.artifact.public_id, "revision": revision.public_id}],
    }
    made = lead.post("publications", body, 201)
    assert made["authors"][0]["name"] == "Ada"
    assert lead.send("put", f"publications/{made['id']}", body | {"title": "Better"})["title"] == "Better"
    assert Api().get(f"publications/{made['id']}", 404)
    lead.post(f"publications/{made['id']}/propose")
    boss = Api(reviewer())
    boss.post(f"publications/{made['id']}/return", {"reason": "Typos."})
    lead.post(f"publications/{made['id']}/propose")
    assert boss.post(f"publications/{made['id']}/approve")["status"] == "published"
    assert Api().get("publications?kind=preprint")["results"][0]["title"] == "Better"
    assert boss.post(f"publications/{made['id']}/retract", {"reason": "Wrong."})["status"] == "retracted"
    wrong = body | {"links": [{"artifact": "0" * 26}]}
    assert lead.post("publications", wrong, 422)["errors"] == {"links": ["A link names nothing that you may see."]}
    assert lead.post("publications", body | {"project": "0" * 26}, 422)["errors"].keys() == {"project"}


def test_who_may_call_what() -> None:
    revision = drafted()
    stranger, anyone = Api(UserFactory.create()), Api()
    artifact, own = f"artifacts/{revision.artifact.public_id}", f"revisions/{revision.public_id}"
    for path in (
        artifact,
        own,
        f"{own}/checks",
        f"{own}/results",
        f"{own}/provenance",
        f"{artifact}/files",
        f"{artifact}/commits",
    ):
        anyone.get(path, 404)
        stranger.get(path, 404)
    for path in (f"{own}/propose", f"{own}/approve", f"{artifact}/commits"):
        anyone.post(path, {}, 401)
        stranger.post(path, {}, 404)
    reader = Api(lead_of(revision), Scope.READ)
    assert reader.get(own)["status"] == "draft"
    reader.post(f"{own}/propose", {}, 403)
    member = UserFactory.create()
    assert revision.artifact.project is not None
    member_of(revision.artifact.project, member)
    Api(member).post(f"{own}/propose", {}, 403)
    assert revision.job is not None
    stranger.post("revisions", {"job": revision.job.public_id}, 404)
    stranger.post("revisions", {"artifact": revision.artifact.public_id}, 404)
    stranger.post("artifacts", {"kind": "model", "handle": revision.artifact.namespace.name, "name": "x"}, 403)
    assert Api(lead_of(revision)).get(f"{artifact}/provenance", 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("artifacts", {}),
        ("artifacts", {"kind": "nonsense", "handle": "x", "name": "y"}),
        ("artifacts", {"kind": "model", "handle": "nobody-here", "name": "y"}),
        ("artifacts", {"kind": ["model"], "handle": {}, "name": 3}),
        ("{artifact}/commits", {"message": "m", "changes": []}),
        ("{artifact}/commits", {"message": "m", "changes": [{"op": "put", "path": "../x", "text": "a"}]}),
        ("{artifact}/commits", {"message": "m", "changes": [{"op": "put", "path": "x"}]}),
        ("{artifact}/commits", {"message": "m", "changes": [{"op": "delete", "path": "x", "text": "a"}]}),
        ("{artifact}/commits", {"message": "m", "changes": [{"op": "put", "path": "x", "sha256": "0" * 64}]}),
        ("{artifact}/commits", {"message": "m", "changes": [{"op": "put", "path": "x\u0000", "text": "a"}]}),
        ("{artifact}/commits", {"message": "", "changes": "x"}),
        ("revisions", {}),
        ("revisions", {"artifact": "{id}", "label": "a/b"}),
        ("publications", {"title": "x"}),
        ("publications", {"title": "x", "authors": [{"name": "a", "orcid": "1"}], "links": [], "project": "{project}"}),
        ("{own}/withdraw", {"reason": "x"}),
        ("{own}/drop", {}),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(path: str, body: dict[str, Any]) -> None:
    revision = drafted()
    assert revision.artifact.project is not None
    names = {
        "{artifact}": f"artifacts/{revision.artifact.public_id}",
        "{id}": revision.artifact.public_id,
        "{own}": f"revisions/{revision.public_id}",
        "{project}": revision.artifact.project.public_id,
    }
    text = json.dumps(body)
    for name, value in names.items():
        path, text = path.replace(name, value), text.replace(name, value)
    before = [model.objects.count() for model in (Artifact, Commit, Revision, Publication, Upload)]
    response = Api(lead_of(revision)).client.post(f"/api/v1/{path}", text, content_type="application/json")
    assert 400 <= response.status_code < 500, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert [model.objects.count() for model in (Artifact, Commit, Revision, Publication, Upload)] == before


def test_bytes_that_are_not_those_announced() -> None:
    revision = drafted()
    client = Api(lead_of(revision)).client
    url = f"/api/v1/artifacts/{revision.artifact.public_id}/uploads"
    assert client.put(f"{url}/{'0' * 64}", b"x", content_type="application/octet-stream").status_code == 422
    assert client.put(f"{url}/zz", b"x", content_type="application/octet-stream").status_code == 422
    bare = client.generic("PUT", f"{url}/{'0' * 64}", b"", content_type="application/octet-stream", CONTENT_LENGTH="-1")
    assert bare.status_code == 422
    assert client.post(url, {}).status_code == 400
    assert not Upload.objects.filter(artifact=revision.artifact).exists()


def test_lists_need_few_statements(django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        published_paper(published())
    for path in ("artifacts", "revisions", "publications"):
        with django_assert_max_num_queries(4):
            assert len(Api().get(path)["results"]) == 3


def test_a_public_artefact_without_main_branch_rights_shows_the_published_commit() -> None:
    revision = published()
    assert Api().get(f"artifacts/{revision.artifact.public_id}/commits")[0]["id"] == revision.commit.sha1
    assert (
        Api()
        .get(f"artifacts/{revision.artifact.public_id}/files?rev=nonsense", 404)["type"]
        .endswith("revision-unknown")
    )
