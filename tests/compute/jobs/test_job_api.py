"""The API of jobs for people and their tokens."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from compute.allocations.enums import ProjectStatus
from compute.allocations.models import Project
from compute.allocations.queries import held_of_job
from compute.jobs.models import Job
from institute.people.actions import create_token
from institute.people.enums import Role, Scope
from tests.factories.allocations import clause, project_with
from tests.factories.jobs import HOUR, allocation_on, newest_attempt, one_host, output_of, submitted_job
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recipes(monkeypatch):
    monkeypatch.setenv("HEADWATERS_EXTRA_RECIPES", "tests.compute.recipes.stdlib_runner")


@pytest.fixture
def lead():
    return UserFactory.create()


@pytest.fixture
def allocation(lead):
    return allocation_on(project=project_with(lead=lead))


def client_of(user, *scopes):
    scopes = scopes or (Scope.WRITE,)
    expires_at = timezone.now() + timedelta(days=1)
    _, token = create_token(user=user, name="t", scopes=scopes, expires_at=expires_at, by=TESTER)
    return APIClient(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def api(lead):
    return client_of(lead)


def submit(api, pays, *, key=None, **changes):
    body = {"recipe": "stdlib_runner", "allocation": pays.public_id, "name": "walk", "inputs": {"max_steps": 7}}
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(reverse("api:job-list"), body | changes, format="json", headers=headers)


def test_submitting(api, allocation):
    answer = submit(api, allocation)
    assert answer.status_code == 201
    job = Job.objects.get()
    said = answer.json()
    assert (said["id"], said["status"], said["inputs"]["max_steps"]) == (job.public_id, "waiting", 7)
    assert said["account"] == {"held": 300, "spent": 0, "lost": 0, "refunded": 0, "owed": 0, "overrun": 0}


def test_the_same_key_submits_once(api, allocation):
    answers = [submit(api, allocation, key="k1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Job.objects.count() == 1


def test_the_same_key_for_another_body_is_a_conflict(api, allocation):
    submit(api, allocation, key="k1")
    assert submit(api, allocation, key="k1", name="other").status_code == 409


def test_every_refusal_is_named_by_its_field(api, allocation):
    answer = submit(api, allocation, inputs={"max_steps": 0, "seed": "x", "unknown": 1}, name="\n")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert sorted(answer.json()["errors"]) == ["max_steps", "name", "seed", "unknown"]
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        {"recipe": "none"},
        {"recipe": None},
        {"allocation": "none"},
        {"allocation": 7},
        {"inputs": "text"},
        {"inputs": [1]},
        {"name": "x" * 121},
        {"accepted_warnings": "all"},
    ],
)
def test_a_malformed_submission_is_refused(api, allocation, body):
    assert submit(api, allocation, **body).status_code == 400
    assert Job.objects.count() == 0


@pytest.mark.parametrize("value", [10**40, -1, 1.5, "NaN", [], {}, True, "1" * 5000, "\x00"])
def test_a_strange_number_is_refused(api, allocation, value):
    assert submit(api, allocation, inputs={"seed": value}).status_code in {400, 422}
    assert Job.objects.count() == 0


def test_hours_that_are_not_there_are_refused_with_figures(api, allocation):
    answer = submit(api, allocation, inputs={"wall_limit_minutes": 10_000})
    assert answer.status_code == 422
    assert "can be used now" in answer.json()["errors"]["allocation"][0]
    assert answer.json()["way_out"]


def test_an_allocation_of_others_is_unknown(allocation):
    assert submit(client_of(UserFactory.create()), allocation).status_code == 400


def test_staff_see_hours_and_may_not_spend_them(allocation):
    assert submit(client_of(user_with(Role.OPERATIONS)), allocation).status_code == 403


def test_a_token_for_reading_submits_nothing(lead, allocation):
    assert submit(client_of(lead, Scope.READ), allocation).status_code == 403


def test_a_project_that_is_not_active_gets_no_job(api, allocation):
    Project.objects.update(status=ProjectStatus.ARCHIVED)
    answer = submit(api, allocation)
    assert (answer.status_code, answer.json()["detail"]) == (422, "The project is not active.")


def test_a_clause_that_warns_wants_a_tick(api, allocation):
    pledge = allocation.sources.get().pledge
    clause(pledge, "open_licence", "Open results.", enforcement="warn", parameter={"at_least": "permissive"})
    inputs = {"licence": "cc-by-nc-4.0"}
    answer = submit(api, allocation, inputs=inputs)
    assert answer.status_code == 422
    assert "Open results." in answer.json()["errors"]["accepted_warnings"][0]
    number = pledge.restrictions.get(text="Open results.").clause_no
    assert submit(api, allocation, inputs=inputs, accepted_warnings=[f"{pledge.title}#{number}"]).status_code == 201


def test_a_clause_that_blocks_refuses_with_its_words(api, allocation):
    clause(allocation.sources.get().pledge, "open_licence", "Open results.", parameter={"at_least": "permissive"})
    answer = submit(api, allocation, inputs={"licence": "cc-by-nc-4.0"})
    assert answer.status_code == 422
    assert "Open results." in answer.json()["errors"]["allocation"][0]


def test_a_quote_says_all_and_writes_nothing(api, allocation):
    body = {"recipe": "stdlib_runner", "allocation": allocation.public_id, "inputs": {"max_steps": 100}}
    said = api.post(reverse("api:job-quote"), body, format="json").json()
    pledge = allocation.sources.get().pledge
    assert said == {
        "is_possible": True,
        "cost_seconds": 3,
        "basis": "steps × time of a step",
        "hold_seconds": 300,
        "accelerator_type": "cpu-host",
        "starts": "Now: a host is free.",
        "parts": [{"pledge": pledge.public_id, "title": pledge.title, "donor": pledge.donor.name, "seconds": 300}],
        "refusals": [],
    }
    assert Job.objects.count() == 0


def test_a_quote_names_what_is_refused(api, allocation):
    body = {"recipe": "stdlib_runner", "allocation": allocation.public_id, "inputs": {"seed": -1}}
    said = api.post(reverse("api:job-quote"), body, format="json").json()
    assert (said["is_possible"], [refusal["field"] for refusal in said["refusals"]]) == (False, ["seed"])


def test_starting_depends_on_the_queue(api, allocation, lead, fake, sweep, clock):
    clock.now = timezone.now()
    body = {"recipe": "stdlib_runner", "allocation": allocation.public_id, "inputs": {}}
    said = []
    for _ in range(3):
        said.append(api.post(reverse("api:job-quote"), body, format="json").json()["starts"])
        submitted_job(allocation=allocation, by=lead, now=clock.now)
        sweep()
    assert said == [
        "Now: a host is free.",
        "As soon as a host is free; no other job waits.",
        "As soon as a host is free; 1 job waits before it.",
    ]


@pytest.mark.parametrize("status", ["draining", "down"])
def test_a_cluster_that_is_away_is_said_or_refused(api, lead, status):
    cluster = one_host()
    allocation = allocation_on(cluster, project=project_with(lead=lead))
    type(cluster).objects.update(status=status)
    body = {"recipe": "stdlib_runner", "allocation": allocation.public_id, "inputs": {}}
    said = api.post(reverse("api:job-quote"), body, format="json").json()
    assert said["is_possible"] is False
    assert said["refusals"][0]["rule"] == "hours"


def test_lists_are_paged_by_a_cursor_and_filtered(api, allocation, lead):
    jobs = [submitted_job(allocation=allocation, by=lead, name=f"j{n}") for n in range(3)]
    first = api.get(reverse("api:job-list"), {"limit": 2}).json()
    assert [job["id"] for job in first["results"]] == [jobs[2].public_id, jobs[1].public_id]
    assert [job["id"] for job in api.get(first["next"]).json()["results"]] == [jobs[0].public_id]
    assert api.get(reverse("api:job-list"), {"status": "failed"}).json()["results"] == []
    assert api.get(reverse("api:job-list"), {"status": "nonsense"}).status_code == 400


def test_a_job_its_attempts_log_and_files(api, allocation, lead, fake, sweep, clock):
    clock.now = timezone.now()
    job = submitted_job(allocation=allocation, by=lead, now=clock.now)
    sweep()
    attempt = newest_attempt(job)
    fake.start(attempt.name)
    fake.write_log(attempt.name, b"hello\n")
    output_of(attempt, now=clock.now)
    sweep()
    said = api.get(reverse("api:job-detail", args=[job.public_id])).json()
    assert (said["status"], said["sentence"]) == ("running", "It trains.")
    assert len(said["output_sha256"]) == 64
    attempts = api.get(reverse("api:job-attempts", args=[job.public_id])).json()["results"]
    assert [(each["number"], each["status"]) for each in attempts] == [(1, "running")]
    log = reverse("api:job-log", args=[job.public_id])
    assert api.get(log).json() == {"attempt": 1, "offset": 0, "next_offset": 6, "text": "hello\n"}
    assert api.get(log, {"attempt": 1, "offset": 4}).json()["text"] == "o\n"
    assert api.get(log, {"attempt": 9}).status_code == 404
    for bad in ({"offset": "x"}, {"offset": -1}, {"attempt": 10**30}):
        assert api.get(log, bad).status_code == 400
    files = api.get(reverse("api:job-files", args=[job.public_id])).json()["results"]
    assert [file["path"] for file in files] == ["manifest.json", "model.safetensors"]


@pytest.mark.parametrize("name", ["job-detail", "job-attempts", "job-files", "job-log"])
def test_jobs_of_others_do_not_exist(allocation, lead, name):
    job = submitted_job(allocation=allocation, by=lead)
    assert client_of(UserFactory.create()).get(reverse(f"api:{name}", args=[job.public_id])).status_code == 404


def test_stopping(api, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    answer = api.post(reverse("api:job-stop", args=[job.public_id]), {"reason": "enough"}, format="json")
    assert answer.status_code == 202
    assert answer.json()["stop_requested_at"] is not None
    again = api.post(reverse("api:job-stop", args=[job.public_id]), {}, format="json")
    assert again.status_code == 202
    assert Job.objects.get().stop_reason == "enough"


def test_stopping_what_is_over_is_a_conflict(api, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    Job.objects.update(status="failed", ended_at=timezone.now())
    assert api.post(reverse("api:job-stop", args=[job.public_id]), {}, format="json").status_code == 409


def test_staff_without_operations_stop_nothing(allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    officer = client_of(user_with(Role.GRANTS_OFFICER))
    assert officer.post(reverse("api:job-stop", args=[job.public_id]), {}, format="json").status_code == 403


def test_recipes_are_listed(api):
    names = [recipe["name"] for recipe in api.get(reverse("api:recipe-list")).json()]
    assert names == ["pretrain_lm", "stdlib_runner"]


def test_the_schema_shows_the_recipes_fields(api):
    schema = api.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()["components"]["schemas"]
    assert schema["JobSubmission"]["discriminator"]["propertyName"] == "recipe"
    assert {"preset", "max_steps", "learning_rate"} & set(schema["PretrainLmInputs"]["properties"]) >= {"max_steps"}


def test_hours_held_are_those_of_the_quote(api, allocation):
    submit(api, allocation, inputs={"wall_limit_minutes": 60, "retries": 1})
    assert held_of_job(Job.objects.get().public_id) == 2 * HOUR
