"""GraphQL answered by field."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from compute.allocations.enums import MemberRole
from compute.allocations.models import Membership, Project
from compute.tracking.actions import compaction, files
from compute.tracking.actions.files import announce_files
from compute.tracking.api.capabilities import address
from compute.tracking.models import Run, RunFile
from compute.tracking.queries.runs import runs_visible_to
from institute.core.errors import Refused
from institute.people.models import User
from tests.compute.tracking.sdk import RESUME, UPSERT, Sdk
from tests.factories.jobs import submitted_job
from tests.factories.people import TESTER, UserFactory
from tests.factories.tracking import begun, history, job_key, lines, person_key, posted, run_of_new_job

pytestmark = pytest.mark.django_db


def test_resume_status_of_a_run_that_never_began_is_empty() -> None:
    job = submitted_job()
    data = Sdk(job_key(job)).ask(RESUME, project="p", entity="e", name=job.public_id)
    assert data["model"]["bucket"] is None
    assert Run.objects.get(job=job).status == "pending"


def test_init_inside_a_job_is_answered_with_the_jobs_own_names() -> None:
    job = submitted_job()
    data = Sdk(job_key(job)).ask(
        UPSERT, name="mine", project="foreign", entity="other", config='{"lr": {"value": 0.1}}', host="node7"
    )
    bucket = data["upsertBucket"]["bucket"]
    assert (bucket["name"], bucket["project"]["name"]) == (job.public_id, job.recipe)
    assert bucket["project"]["entity"]["name"] == job.project.handle
    assert bucket["historyLineCount"] == 0
    run = Run.objects.get(job=job)
    assert (run.status, run.config) == ("running", {"lr": 0.1})


def test_resume_status_tells_how_far_the_run_is() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 5)))
    sdk = Sdk(job_key(run.job))
    bucket = sdk.ask(RESUME, project="p", entity="e", name=run.name)["model"]["bucket"]
    assert bucket["historyLineCount"] == 5
    assert json.loads(json.loads(bucket["historyTail"])[-1])["_step"] == 4
    assert json.loads(bucket["wandbConfig"]) == {"t": 1}
    again = sdk.ask(UPSERT, name=run.name, host="h")["upsertBucket"]["bucket"]
    assert again["historyLineCount"] == 5


CREATE_FILES = """mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl }
  }
}"""
FILES = """query Files($project: String!, $entity: String!, $name: String!, $names: [String]) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { fileCount files(names: $names, first: 1) {
      edges { node { name directUrl sizeBytes md5 state } cursor } pageInfo { endCursor hasNextPage } } }
  }
}"""


def lead_of(project: Project) -> User:
    """A person who leads the project."""
    user = UserFactory.create()
    Membership.objects.create(project=project, user=user, role=MemberRole.LEAD)
    return user


def path_of(address: str) -> str:
    assert address.startswith("http://testserver/wandb/storage/")
    return address.removeprefix("http://testserver")


def test_files_are_sent_and_fetched_by_addresses_that_need_no_key() -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job))
    names = {"entity": "e", "project": "p", "run": run.name}
    made = sdk.ask(CREATE_FILES, **names, files=["a.bin", "wandb-metadata.json", "a.bin"])["createRunFiles"]
    assert [file["name"] for file in made["files"]] == ["a.bin", "wandb-metadata.json", "a.bin"]
    client = Client()
    address = path_of(made["files"][0]["uploadUrl"])
    for content in (b"old", b"bytes \x00\xff"):
        assert client.put(address, content, content_type="application/octet-stream").status_code == 200
    assert client.put(path_of(made["files"][1]["uploadUrl"]), b'{"host": "n", "gpu": "x"}').status_code == 200
    answer = sdk.ask(FILES, project="p", entity="e", name=run.name, names=["a.bin"])["project"]["run"]
    node = answer["files"]["edges"][0]["node"]
    assert (answer["fileCount"], node["name"], node["sizeBytes"], node["state"]) == (2, "a.bin", "8", "UPLOADED")
    fetched = client.get(path_of(node["directUrl"]))
    assert b"".join(fetched.streaming_content) == b"bytes \x00\xff"
    assert fetched.headers["Access-Control-Allow-Origin"] == "*"
    page = sdk.ask(FILES, project="p", entity="e", name=run.name)["project"]["run"]["files"]
    assert (len(page["edges"]), page["pageInfo"]) == (1, {"endCursor": "1", "hasNextPage": True})
    # an address opens one method only, and only as it was signed
    assert client.get(address).status_code == 403
    assert client.put(path_of(node["directUrl"]), b"x").status_code == 403
    assert client.put("/wandb/storage/forged", b"x").status_code == 403
    assert client.options(address).status_code == 204
    assert client.delete(address).status_code == 405


def test_file_that_was_never_sent_is_404_and_addresses_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(run_of_new_job())
    (file,) = announce_files(run=run, paths=["media/x.png"], by=TESTER)
    request = RequestFactory().get("/")
    assert Client().get(path_of(address(request, file, "GET"))).status_code == 404
    sent = path_of(address(request, file, "PUT"))
    monkeypatch.setattr("compute.tracking.api.capabilities.PUT_FOR", timedelta(seconds=-1))
    assert Client().put(sent, b"x").status_code == 403


def test_files_beyond_the_limits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(run_of_new_job())
    monkeypatch.setattr(files, "MAX_FILES", 1)
    monkeypatch.setattr(files, "MAX_FILE", 4)
    monkeypatch.setattr(files, "MAX_OWN_FILE", 4)
    with pytest.raises(Refused):
        announce_files(run=run, paths=["a", "b"], by=TESTER)
    (own,) = announce_files(run=run, paths=["output.log"], by=TESTER)
    for file in (own, RunFile(run=run, path="other")):
        with pytest.raises(Refused):
            files.upload_file(file=file, chunks=[b"12", b"345"])


def test_person_makes_reads_lists_and_stops_own_runs() -> None:
    user = UserFactory.create()
    sdk = Sdk(person_key(user))
    bucket = sdk.ask(UPSERT, name="r1", project="notes", config="{}", host="h", notes="n")["upsertBucket"]["bucket"]
    assert (bucket["project"]["name"], bucket["project"]["entity"]["name"]) == ("notes", user.public_id)
    sdk.ask(UPSERT, project=None)
    own = {"project": "notes", "entity": user.public_id}
    page = sdk.ask(
        """query Runs($project: String!, $entity: String!) { project(name: $project, entityName: $entity) {
          runCount runs(first: 1, order: "-created_at") { edges { node { name state historyKeys logLines { edges { node
          { line } } } } } pageInfo { hasNextPage } } } models { edges { node { name } } } }""",
        **own,
    )
    assert (page["project"]["runCount"], page["project"]["runs"]["edges"][0]["node"]["name"]) == (1, "r1")
    assert len(page["models"]["edges"]) == 2
    run = Run.objects.get(name="r1")
    stop = "mutation($id: ID!) { stopRun(input: {id: $id}) { success } }"
    assert sdk.ask(stop, id=run.public_id) == {"stopRun": {"success": True}}
    run.refresh_from_db()
    assert run.stop_requested_at is not None
    other = Sdk(person_key(UserFactory.create()))
    assert "no such run" in other.refused(stop, id=run.public_id)
    assert "no such run" in other.refused(UPSERT, name="r1", project="notes", entity=user.public_id)
    project = "query($p: String, $e: String) { project(name: $p, entityName: $e) { id } }"
    assert other.ask(project, p="notes", e=user.public_id) == {"project": None}
    assert other.ask(RESUME, project="none", entity="", name="x")["model"]["bucket"] is None


def test_member_reaches_runs_of_the_project_and_stops_jobs_only_with_the_right() -> None:
    run = begun(run_of_new_job())
    lead = lead_of(run.job.project)
    stop = "mutation($id: ID!) { stopRun(input: {id: $id}) { success } }"
    key = Sdk(person_key(lead))
    updated = key.ask(
        'mutation($id: String) { upsertBucket(input: {id: $id, displayName: "renamed"}) { bucket { displayName } } }',
        id=run.public_id,
    )
    assert updated["upsertBucket"]["bucket"]["displayName"] == "renamed"
    assert key.ask(stop, id=run.public_id)["stopRun"]["success"] is True
    run.job.refresh_from_db()
    assert run.job.stop_requested_at is not None
    assert "may not stop" in Sdk(job_key(run.job)).refused(stop, id=run.public_id)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ nonsense { x } }", "Not answered by this tracker: nonsense"),
        ("{", "cannot be read"),
        ("fragment F on X { a }", "no such operation"),
        ("{ viewer { ...F } } fragment F on User { ...F }", "unknown or contains itself"),
        ("{ viewer { ...G } }", "unknown or contains itself"),
        ("mutation { createArtifact(input: {}) { artifact { id } } }", "not offered"),
        ("{ viewer { " + " ".join(f"a{i}: id" for i in range(2001)) + " } }", "more than 2000 fields"),
        ("{ viewer " + "{ teams " * 25 + "{ id }" + "}" * 25 + " }", None),
        ("x" * 100_001, "longer than"),
    ],
)
def test_what_is_not_answered_says_so_in_errors(query: str, message: str | None) -> None:
    sdk = Sdk(job_key(submitted_job()))
    if message is None:
        assert sdk.send("/graphql", {"query": query}).status_code == 200
    else:
        assert message in sdk.refused(query)


def test_directives_aliases_fragments_and_introspection() -> None:
    sdk = Sdk(job_key(submitted_job()))
    data = sdk.ask(
        """query B($yes: Boolean = true, $no: Boolean) {
          me: viewer { ... on User { name: username } ...F id @skip(if: $yes) flags @include(if: $no) __typename }
          __type(name: "Query") { fields { name } }
          serverInfo { features { name } } organization { id } clientIDMapping { id }
        } fragment F on User { email }""",
    )
    assert set(data["me"]) == {"name", "email", "__typename"}
    assert {"name": "project"} in data["__type"]["fields"]
    assert (data["serverInfo"], data["organization"], data["clientIDMapping"]) == ({"features": []}, None, None)


@pytest.mark.parametrize(
    "body", [[], {"query": 3}, {"query": "{x}", "variables": []}, {"query": "{x}", "operationName": 1}]
)
def test_question_of_another_form_is_400(body: object) -> None:
    assert Sdk(job_key(submitted_job())).send("/graphql", body).status_code == 400


def test_history_is_read_in_pages_samples_and_by_keys() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 30)))
    query = """query($name: String!, $specs: [JSONString!]!) { project(name: "p", entityName: "e") { run(name: $name) {
      history(minStep: 5, maxStep: 8) few: history(samples: 3) sampledHistory(specs: $specs)
      parquetHistory { parquetUrls liveData } historyKeys systemMetrics heartbeatAt } } }"""
    specs = [json.dumps({"keys": ["_step", "loss"], "minStep": 2, "maxStep": 4, "samples": 10}), "not json"]
    found = Sdk(job_key(run.job)).ask(query, name=run.name, specs=specs)["project"]["run"]
    assert [json.loads(text)["_step"] for text in found["history"]] == [5, 6, 7]
    assert [json.loads(text)["_step"] for text in found["few"]] == [0, 14, 29]
    assert [entry["_step"] for entry in found["sampledHistory"][0]] == [2, 3, 4]
    assert len(found["sampledHistory"][1]) == 30
    assert found["parquetHistory"] == {"parquetUrls": [], "liveData": [{"_step": 0}]}
    assert found["historyKeys"]["keys"]["loss"]["typeCounts"] == [{"type": "number", "count": 30}]


def test_anonymous_people_see_no_runs_and_a_series_that_is_gone_needs_no_merge() -> None:
    assert list(runs_visible_to(AnonymousUser())) == []
    assert compaction._merge(0, 0, "f8") == 0
