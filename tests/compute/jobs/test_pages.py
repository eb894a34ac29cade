"""Pages of jobs: what people see, may do, and are told."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compute.allocations.queries import held_of_job
from compute.jobs.models import Job
from institute.core.storage import store
from institute.people.enums import Role
from tests.factories.allocations import project_with
from tests.factories.jobs import allocation_on, newest_attempt, output_of, submitted_job
from tests.factories.people import UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recipes(monkeypatch):
    monkeypatch.setenv("HEADWATERS_EXTRA_RECIPES", "tests.compute.recipes.stdlib_runner")


@pytest.fixture
def clock(clock):
    """Pages read the real clock."""
    clock.now = timezone.now()
    return clock


@pytest.fixture
def lead():
    return UserFactory.create(name="Lena Lead")


@pytest.fixture
def project(lead):
    return project_with(lead=lead)


@pytest.fixture
def allocation(project):
    return allocation_on(project=project)


@pytest.fixture
def as_lead(client, lead):
    client.force_login(lead)
    return client


def typed(allocation, **changes):
    """What the form sends when nothing but the name was changed."""
    values = {
        "recipe": "stdlib_runner",
        "name": "a walk",
        "allocation": allocation.public_id,
        "outcome": "success",
        "dataset": "",
        "step_ms": "20",
        "checkpoint_every_steps": "5",
        "fail_at_step": "3",
        "max_steps": "20",
        "seed": "0",
        "wall_limit_minutes": "5",
        "licence": "",
        "notes": "",
        "retries": "0",
        "urgency": "normal",
        "may_move": "on",
    }
    return values | changes


CREATE = "/jobs/new"


def test_the_form_shows_every_declared_field(as_lead, allocation):
    from tests.compute.recipes.stdlib_runner.recipe import RECIPE  # the declaration that the page must follow

    page = as_lead.get(CREATE, {"recipe": "stdlib_runner"}).content.decode()
    for field in RECIPE.all_fields:
        assert f'name="{field.name}"' in page
    assert "More settings" in page


def test_an_unknown_recipe_is_404(as_lead, allocation):
    assert as_lead.get(CREATE, {"recipe": "nonsense"}).status_code == 404


def test_without_hours_the_form_says_what_to_do(as_lead, project):
    page = as_lead.get(CREATE)
    assert (page.status_code, "No hours to spend yet" in page.content.decode()) == (200, True)


def test_the_form_offers_the_newest_hours_finds_the_others_and_takes_any(as_lead, lead, monkeypatch):
    monkeypatch.setattr("compute.jobs.forms.MOST_OFFERED", 1)
    old = allocation_on(project=project_with(lead=lead, title="Old River"))
    new = allocation_on(project=project_with(lead=lead, title="New Lake"))
    page = as_lead.get(CREATE).text
    assert (new.public_id in page, old.public_id in page) == (True, False)
    found = as_lead.get(CREATE, {"hours": "old riv"}).text
    assert (new.public_id in found, old.public_id in found, 'value="old riv"' in found) == (False, True, True)
    chosen = as_lead.get(CREATE, {"allocation": old.public_id}).text
    assert f'<option value="{old.public_id}" selected>' in chosen
    assert as_lead.get(CREATE, {"hours": "nowhere"}).status_code == 200
    assert as_lead.post(CREATE, typed(old, submit="1")).status_code == 302
    assert Job.objects.get().allocation == old


def test_hours_of_others_are_neither_offered_nor_taken(as_lead, allocation):
    foreign = allocation_on(project=project_with(title="Foreign"))
    page = as_lead.get(CREATE, {"allocation": foreign.public_id, "hours": "foreign"}).text
    assert f'<option value="{foreign.public_id}"' not in page
    assert as_lead.post(CREATE, typed(foreign, submit="1")).status_code != 302
    assert as_lead.post(CREATE, typed(allocation) | {"allocation": "a\x00b"}).status_code != 302
    assert Job.objects.count() == 0


def test_check_shows_cost_hold_and_payer_and_writes_nothing(as_lead, allocation):
    page = as_lead.post(CREATE, typed(allocation, check="1")).content.decode()
    pledge = allocation.sources.get().pledge
    assert pledge.title in page
    assert "Now: a host is free." in page
    assert "Will be held" in page
    assert Job.objects.count() == 0


def test_the_quote_panel_answers_alone(as_lead, allocation):
    answer = as_lead.post("/jobs/new/quote", typed(allocation))
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith('<section class="sheet" id="quote"')
    assert Job.objects.count() == 0


def test_the_quote_panel_names_what_must_be_corrected(as_lead, allocation):
    page = as_lead.post("/jobs/new/quote", typed(allocation, max_steps="many")).content.decode()
    assert "Steps must be a whole number." in page


def test_submitting_leads_to_the_jobs_page(as_lead, allocation, lead):
    answer = as_lead.post(CREATE, typed(allocation, submit="1"))
    job = Job.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/jobs/{job.public_id}"
    assert (job.name, job.submitted_by, held_of_job(job.public_id)) == ("a walk", lead.public_id, 300)
    assert job.inputs["may_move"] is True
    assert job.inputs["publish_on_success"] is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_steps": "0"}, "Steps must be between 1 and"),
        ({"seed": "-1"}, "Seed must be between 0 and"),
        ({"seed": "1e3"}, "Seed must be a whole number."),
        ({"outcome": "nothing"}, "Outcome has no such choice."),
        ({"name": ""}, "This field is required."),
        ({"publish_on_success": "on"}, "A publication needs a licence."),
        ({"dataset": "lab/none@v1"}, "There is no “lab/none@v1” that you may use."),
        ({"wall_limit_minutes": "10080", "retries": "9"}, "are missing"),
        ({"notes": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_a_refusal_stands_beside_what_was_typed(as_lead, allocation, changes, message):
    answer = as_lead.post(CREATE, typed(allocation, submit="1", **changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page
    assert Job.objects.count() == 0


def test_hours_of_a_project_of_others_are_no_choice(client, allocation):
    stranger = UserFactory.create()
    allocation_on(project=project_with(lead=stranger))
    client.force_login(stranger)
    page = client.post(CREATE, typed(allocation, submit="1")).content.decode()
    assert "not one of the available choices" in page
    assert Job.objects.count() == 0


def test_a_job_like_another_starts_from_its_inputs(as_lead, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead, max_steps=77)
    page = as_lead.get(CREATE, {"recipe": "stdlib_runner", "like": job.public_id}).content.decode()
    assert 'value="77"' in page


def test_the_page_of_a_waiting_job(as_lead, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    page = as_lead.get(f"/jobs/{job.public_id}").content.decode()
    for words in ("It is about to be placed.", "Stop and keep the checkpoint", "Lena Lead", "Nothing printed yet."):
        assert words in page


def test_a_job_behind_others_says_so(as_lead, allocation, lead, sweep, clock):
    clock.now = timezone.now()
    for name in ("first", "second", "third"):
        job = submitted_job(allocation=allocation, by=lead, name=name, now=clock.now)
    sweep()
    assert "1 job is before it" in as_lead.get(f"/jobs/{job.public_id}").content.decode()


def test_the_page_of_a_job_that_is_done(as_lead, allocation, lead, fake, sweep, clock):
    job = submitted_job(allocation=allocation, by=lead, now=clock.now)
    sweep()
    attempt = newest_attempt(job)
    fake.start(attempt.name)
    fake.write_log(attempt.name, b"step 1 <loss> job-" + b"a" * 40)
    output_of(attempt, now=clock.now)
    clock.tick(30)
    fake.finish(attempt.name)
    sweep()
    page = as_lead.get(f"/jobs/{job.public_id}").content.decode()
    for words in ("Training finished and its output is kept.", "model.safetensors", "step 1 &lt;loss&gt; job-…"):
        assert words in page
    assert "data-live-src" not in page
    assert "Stop and keep" not in page


def test_the_page_of_a_failed_job_says_what_the_code_means(as_lead, allocation, lead, fake, sweep, clock):
    job = submitted_job(allocation=allocation, by=lead, now=clock.now)
    sweep()
    fake.start(newest_attempt(job).name)
    fake.finish(newest_attempt(job).name, 65, "loss is not finite")
    sweep()
    page = as_lead.get(f"/jobs/{job.public_id}").content.decode()
    assert "The data cannot be used for training." in page
    assert "loss is not finite" in page
    assert "It failed: the inputs were refused." in page


def test_the_log_panel_answers_alone(as_lead, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    assert 'id="log"' in as_lead.get(f"/jobs/{job.public_id}/log").content.decode()


def test_files_of_the_output_are_downloads(as_lead, allocation, lead, fake, sweep, clock):
    job = submitted_job(allocation=allocation, by=lead, now=clock.now)
    sweep()
    output_of(newest_attempt(job), now=clock.now)
    answer = as_lead.get(f"/jobs/{job.public_id}/files/model.safetensors")
    assert b"".join(answer.streaming_content) == b"weights"
    assert answer["Content-Disposition"] == 'attachment; filename="model.safetensors"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert as_lead.get(f"/jobs/{job.public_id}/files/none").status_code == 404
    assert store().size("jobs/none") is None


def test_stopping_needs_a_reason(as_lead, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    page = as_lead.post(f"/jobs/{job.public_id}/stop", {"reason": ""})
    assert (page.status_code, "This field is required." in page.content.decode()) == (422, True)
    assert Job.objects.get().stop_requested_at is None


def test_stopping(as_lead, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    assert as_lead.post(f"/jobs/{job.public_id}/stop", {"reason": "enough"}).status_code == 302
    assert (Job.objects.get().stop_reason, Job.objects.get().stop_requested_by) == ("enough", str(lead.actor))
    page = as_lead.get(f"/jobs/{job.public_id}").content.decode()
    assert "It was asked to stop" in page
    assert "enough" in page


@pytest.mark.parametrize("address", ["", "/live", "/log", "/files/x"])
def test_jobs_of_others_do_not_exist(client, allocation, lead, address):
    job = submitted_job(allocation=allocation, by=lead)
    client.force_login(UserFactory.create())
    assert client.get(f"/jobs/{job.public_id}{address}").status_code == 404
    client.logout()
    assert client.get(f"/jobs/{job.public_id}{address}").status_code == 302


def test_a_member_sees_a_job_and_may_not_stop_anothers(client, project, allocation, lead):
    from tests.factories.allocations import member_of  # used once

    member = UserFactory.create()
    member_of(project, member)
    job = submitted_job(allocation=allocation, by=lead)
    client.force_login(member)
    assert "Stop and keep" not in client.get(f"/jobs/{job.public_id}").content.decode()
    assert client.post(f"/jobs/{job.public_id}/stop", {"reason": "no"}).status_code == 403


def test_operations_may_stop_any_job(client, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    client.force_login(user_with(Role.OPERATIONS))
    assert client.post(f"/jobs/{job.public_id}/stop", {"reason": "maintenance"}).status_code == 302


def test_the_stream_opens_for_those_who_may_see_the_job(as_lead, allocation, lead):
    job = submitted_job(allocation=allocation, by=lead)
    answer = as_lead.get(f"/jobs/{job.public_id}/live")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    answer.close()


@pytest.mark.parametrize("address", ["jobs:job-list", "api:job-list"])
def test_lists_ask_as_often_for_three_rows_as_for_one(as_lead, allocation, lead, address):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            submitted_job(allocation=allocation, by=lead)
        as_lead.get(reverse(address))
        with CaptureQueriesContext(connection) as queries:
            assert as_lead.get(reverse(address)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_the_jobs_page_asks_little_of_the_database(as_lead, allocation, lead, fake, sweep, clock):
    job = submitted_job(allocation=allocation, by=lead, now=clock.now)
    sweep()
    output_of(newest_attempt(job), now=clock.now)
    as_lead.get(f"/jobs/{job.public_id}")
    with CaptureQueriesContext(connection) as queries:
        as_lead.get(f"/jobs/{job.public_id}")
    assert len(queries) <= 15, "\n".join(query["sql"][:300] for query in queries)
