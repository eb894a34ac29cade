"""GraphQL answered by field."""

import json

import pytest

from compute.tracking.models import Run
from tests.compute.tracking.sdk import RESUME, UPSERT, Sdk
from tests.factories.jobs import submitted_job
from tests.factories.tracking import begun, history, job_key, lines, posted, run_of_new_job

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
