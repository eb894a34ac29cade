"""From a submitted job to training that runs, with a place that the test drives."""

from datetime import timedelta

import pytest

from compute.jobs import actions
from compute.jobs.backends.base import BackendConflict, BackendUnavailable
from institute.people.models import ApiToken
from tests.compute.jobs.sweep.life import reload, statuses
from tests.factories.jobs import (
    allocation_on,
    newest_attempt,
    one_host,
    submitted_job,
)

pytestmark = pytest.mark.django_db


def test_a_submitted_job_gets_a_host_at_once(job, fake, sweep):
    assert sweep().placed == 1
    attempt = newest_attempt(job)
    assert fake.created_names == [attempt.name] == [f"tj-{job.public_id.lower()}-1"]
    assert (attempt.status, attempt.spec_sha256) == ("submitted", fake.attempts[attempt.name].spec_sha256)


def test_a_second_sweep_changes_nothing(job, fake, sweep):
    sweep()
    sweep()
    assert len(fake.created_names) == 1


def test_training_seen_running_makes_the_job_run(job, fake, sweep, clock):
    sweep()
    attempt = newest_attempt(job)
    fake.begin(attempt.name)
    sweep()
    assert reload(attempt).status == "starting"
    fake.start(attempt.name)
    clock.tick(3)
    sweep()
    assert (reload(attempt).status, reload(job).status) == ("running", "running")
    assert reload(attempt).bound_at == reload(job).started_at == clock.now - timedelta(seconds=3)
    assert statuses(attempt) == ["planned", "submitted", "starting", "running"]


def test_steps_that_nobody_saw_are_skipped(running):
    assert statuses(running) == ["planned", "submitted", "running"]


def test_secrets_are_in_no_row(job, fake, sweep):
    sweep()
    attempt = newest_attempt(job)
    secrets = fake.attempts[attempt.name].spec.secrets
    assert sorted(secrets) == ["HEADWATERS_JOB_TOKEN", "WANDB_API_KEY"]
    assert secrets["HEADWATERS_JOB_TOKEN"] not in str(attempt.spec)
    assert attempt.spec["env"] == {"WANDB_BASE_URL": "http://localhost:8000/wandb", "WANDB_MODE": "disabled"}


def test_training_is_told_whose_hours_it_spends(job, fake, sweep):
    sweep()
    pledge = job.allocation.sources.get().pledge
    told = fake.attempts[newest_attempt(job).name].spec.recipe_inputs
    assert told["lineage"] == {
        "attempt": newest_attempt(job).public_id,
        "job": job.public_id,
        "allocation": job.allocation.public_id,
        "project": job.project.public_id,
        "pledges": [pledge.public_id],
        "donors": [pledge.donor.public_id],
    }
    assert told["inputs"] == job.inputs


def test_what_a_place_is_told_stands_from_the_first_time_on(job, fake, sweep, clock, settings):
    fake.fail_next("create", BackendUnavailable("hiccup"))
    assert actions.sweep_jobs(now=clock.now).silent == 1
    frozen, address = newest_attempt(job).spec_sha256, settings.PLATFORM_URL
    settings.PLATFORM_URL = "https://elsewhere.example"
    clock.tick(1)
    sweep()
    told = fake.attempts[newest_attempt(job).name].spec
    assert (told.spec_sha256, told.platform_url) == (frozen, address)
    assert ApiToken.objects.filter(job_id=job.public_id).count() == 2  # but its secrets are new


def test_an_answer_lost_after_the_creation_makes_no_second_attempt(job, fake, sweep, clock):
    fake.fail_next("create", BackendUnavailable("no answer"), after=True)
    assert actions.sweep_jobs(now=clock.now).silent == 1
    clock.tick(2)
    sweep()
    assert len(fake.created_names) == 1
    assert newest_attempt(job).status == "submitted"


def test_a_place_that_is_away_is_asked_again_later_and_later(job, fake, clock):
    fake.lose_contact()
    for pause in (1, 2, 4):
        assert actions.sweep_jobs(now=clock.now).silent == 1
        clock.tick(pause - 0.5)
        assert actions.sweep_jobs(now=clock.now).silent == 0
        clock.tick(0.5)
    fake.regain_contact()
    actions.sweep_jobs(now=clock.now)
    assert newest_attempt(job).status == "submitted"


def test_faults_of_one_attempt_put_it_off_and_let_others_go_on(fake, clock):
    cluster = one_host()
    first = submitted_job(allocation=allocation_on(cluster, now=clock.now), now=clock.now)
    second = submitted_job(allocation=allocation_on(now=clock.now), now=clock.now)
    fake.fail_next("create", BackendUnavailable("hiccup"))
    swept = actions.sweep_jobs(now=clock.now)
    assert (swept.silent, swept.tended) == (1, 1)
    assert newest_attempt(first).faults == 1
    assert newest_attempt(first).next_check_at == clock.now + timedelta(seconds=1)
    assert newest_attempt(second).status == "submitted"


def test_a_name_taken_by_something_else_is_the_platforms_fault(job, fake, sweep, clock):
    fake.fail_next("create", BackendConflict("other"))
    sweep()
    first = job.attempts.get(number=1)
    assert (first.status, first.failure_class, first.reason) == ("failed", "platform", "name-taken")
    clock.tick(1)
    sweep()
    assert fake.created_names == [f"tj-{job.public_id.lower()}-2"]
