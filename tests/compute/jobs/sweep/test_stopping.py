"""Stopping: the recipe is asked first."""

from datetime import timedelta

import pytest

from compute.allocations.queries import held_of_job
from compute.jobs import actions
from tests.compute.jobs.sweep.life import reload
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db


def stop(job, clock):
    return actions.request_stop(job=job, by=TESTER, reason="enough", now=clock.now)


def test_stopping_a_waiting_job_cancels_it(job, fake, sweep, clock):
    stop(job, clock)
    sweep()
    assert (reload(job).status, reload(job).reason, held_of_job(job.public_id)) == ("cancelled", "stopped", 0)
    assert fake.created_names == []


def test_stopping_a_running_job_lets_it_checkpoint(job, running, fake, sweep, clock):
    stop(job, clock)
    fake._stop_takes = timedelta(seconds=20)
    sweep()
    assert reload(running).stop_sent_at == clock.now
    clock.tick(20)
    sweep()
    assert (reload(running).status, reload(running).failure_class, reload(job).status) == (
        "cancelled",
        "",
        "cancelled",
    )


def test_who_does_not_stop_is_ended_by_force(job, running, fake, sweep, clock):
    stop(job, clock)
    fake._stop_takes = timedelta(days=1)
    sweep()
    clock.tick(89)
    sweep()
    assert reload(running).status == "running"
    clock.tick(1)
    sweep()
    attempt = reload(running)
    assert (attempt.status, attempt.reason, reload(job).status) == ("cancelled", "forced", "cancelled")
    assert attempt.released_at - attempt.bound_at == timedelta(seconds=90)
    assert running.name not in fake.attempts


def test_an_interruption_of_a_job_that_was_to_stop_is_not_resumed(job, running, fake, sweep, clock):
    stop(job, clock)
    fake.vanish(running.name)
    sweep()
    assert (reload(job).status, job.attempts.count()) == ("cancelled", 1)
