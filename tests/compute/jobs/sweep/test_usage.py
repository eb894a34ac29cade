"""What an attempt used is paid slice by slice."""

from datetime import timedelta

import pytest

from compute.allocations.queries import held_of_job
from compute.jobs import actions
from compute.jobs.actions.claims import claim_attempt
from compute.jobs.actions.observations import record_observation
from compute.jobs.backends.base import Observation, Phase, PodObservation
from compute.jobs.models import Attempt
from grants.funding.models import Obligation
from institute.core import outbox
from tests.compute.jobs.sweep.life import end, reload
from tests.factories.jobs import (
    allocation_on,
    newest_attempt,
    open_attempt,
    submitted_job,
)

pytestmark = pytest.mark.django_db


def test_usage_is_captured_cell_by_cell_while_it_runs(job, running, sweep, clock):
    clock.tick(299)
    sweep()
    assert running.slices.count() == 0
    clock.tick(1)
    sweep()
    assert [(s.accelerator_seconds, s.evidence) for s in running.slices.all()] == [(300, "observed")]
    clock.tick(700)
    sweep()
    assert [s.accelerator_seconds for s in running.slices.order_by("slice_no")] == [300, 300, 300]


def test_what_goes_beyond_the_hold_is_captured_as_overrun(running, fake, sweep, clock):
    clock.tick(minutes=6)
    attempt = end(running, fake, sweep, 3)
    assert sum(s.accelerator_seconds for s in attempt.slices.all()) == 360
    assert sum(s.overrun_seconds for s in attempt.slices.all()) == 60  # five minutes were held


def test_the_first_used_second_opens_the_pledges_obligations_once(job, running, sweep, clock):
    for _ in range(2):
        clock.tick(300)
        sweep()
        outbox.relay()
    opened = Obligation.objects.filter(subject=job.project.public_id)
    assert sorted(opened.values_list("kind", flat=True)) == ["credit", "publication"]
    assert {duty.due_on for duty in opened.filter(kind="publication")} == {clock.now.date().replace(year=2027)}


def test_a_retry_tops_the_hold_up_first(fake, sweep, clock):
    job = submitted_job(now=clock.now)
    sweep()
    fake.start(open_attempt(job).name)
    clock.tick(100)
    end(open_attempt(job), fake, sweep, 75)
    assert open_attempt(job).status == "submitted"
    assert held_of_job(job.public_id) == job.hold_seconds
    assert reload(job).hold_count == 2


def test_a_retry_without_hours_waits_and_says_why(fake, sweep, clock):
    allocation = allocation_on(seconds=300, now=clock.now)
    job = submitted_job(allocation=allocation, now=clock.now)
    sweep()
    fake.start(open_attempt(job).name)
    clock.tick(100)
    end(open_attempt(job), fake, sweep, 75)
    assert (open_attempt(job).status, open_attempt(job).reason) == ("planned", "hours")
    assert Attempt.objects.count() == 2


def test_a_fault_of_ours_is_logged_counted_and_put_off(job, running, fake, clock, monkeypatch):
    fake.fail_next("observe", RuntimeError("a bug"))
    assert actions.sweep_jobs(now=clock.now).failed == 1
    assert reload(running).next_check_at == clock.now + timedelta(seconds=1)
    clock.tick(1)
    assert actions.sweep_jobs(now=clock.now).failed == 0
    assert reload(running).faults == 0


def seen(attempt, phase, clock, **pod):
    """What a place says at the clock's time of an attempt with one pod."""
    times = {"scheduled_at": None, "started_at": None, "ended_at": None} | pod
    pods = (PodObservation(uid="pod", index=0, accelerators=1, node="n", **times),)
    return Observation(attempt.name, "uid", phase, "", pods, None, None, "", "", clock.now)


@pytest.mark.parametrize(("phase", "seconds"), [(Phase.RUNNING, 60), (Phase.STARTING, 60), (Phase.ENDED, 0)])
def test_only_a_pod_of_a_living_attempt_is_proved_in_use_by_being_seen(job, fake, clock, phase, seconds):
    actions.place_attempts(now=clock.now)
    attempt = newest_attempt(job)
    claim, began = claim_attempt(attempt.pk, clock.now), clock.now
    record_observation(claim, seen(attempt, Phase.RUNNING, clock, started_at=began), now=clock.now)
    clock.tick(60)
    record_observation(claim, seen(attempt, phase, clock, started_at=began), now=clock.now)
    assert attempt.segments.get().seen_at - began == timedelta(seconds=seconds)


def test_use_begins_once_a_pod_has_its_host(job, fake, clock):
    actions.place_attempts(now=clock.now)
    attempt, told = newest_attempt(job), clock.now
    claim, scheduled = claim_attempt(attempt.pk, clock.now), clock.tick(5)
    pod = {"started_at": told, "scheduled_at": scheduled}
    record_observation(claim, seen(attempt, Phase.RUNNING, clock, **pod), now=clock.now)
    assert attempt.segments.get().starts_at == scheduled
