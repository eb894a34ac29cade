"""A job's life as the sweep sees it, with a place that the test drives."""

from datetime import timedelta

import pytest

from compute.allocations.queries import balances_of_allocation, held_of_job, proof
from compute.jobs.actions import request_stop
from compute.jobs.enums import AttemptStatus, JobStatus
from compute.jobs.models import UsageSlice
from institute.core.states import history_of
from tests.factories.jobs import allocation_on, newest_attempt, one_host, submitted_job
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db


def reload(obj):
    return type(obj).objects.get(pk=obj.pk)


def statuses(obj):
    return list(history_of(obj).values_list("to_status", flat=True))


@pytest.fixture
def job(clock):
    return submitted_job(now=clock.now)


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


def test_steps_that_nobody_saw_are_skipped(job, fake, sweep):
    sweep()
    fake.start(newest_attempt(job).name)
    sweep()
    assert statuses(newest_attempt(job)) == ["planned", "submitted", "running"]
