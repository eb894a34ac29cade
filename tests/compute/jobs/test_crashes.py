"""A worker that dies between any two steps: the next sweep does again what was left, nothing twice."""

import pytest
from django.db import connection

from compute.allocations.queries import balances_of_allocation, held_of_job
from compute.jobs import actions
from compute.jobs.actions.claims import CLAIM_TIME
from compute.jobs.models import Attempt, UsageSlice
from compute.jobs.queries import verify_hours
from institute.core import faults
from tests.factories.jobs import allocation_on, newest_attempt, output_of, submitted_job
from tests.factories.people import TESTER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
POINTS = (
    "before-placement-commit",
    "after-claim",
    "after-prepare",
    "after-create",
    "after-record",
    "after-advance",
    "after-capture-posted",
    "after-capture-insert",
    "hours-after-lines",
    "after-release",
    "before-end-commit",
    "after-end",
    "after-delete",
)


class Killed(BaseException):
    """As SIGKILL: no handler of ours may catch it."""


class Executioner:
    """Kills the worker when it passes `point` for the `turn`-th time."""

    def __init__(self, point, turn):
        self.point, self.left, self.has_struck = point, turn, False

    def __call__(self, name):
        if name == self.point and not self.has_struck:
            self.left -= 1
            if self.left < 0:
                self.has_struck = True
                raise Killed


def sweep(clock):
    """One sweep; a worker that was killed loses its connection, and its claims run out."""
    try:
        actions.sweep_jobs(now=clock.now)
    except Killed:
        connection.close()
        clock.tick(CLAIM_TIME.total_seconds())
        return True
    return False


def live_a_whole_life(job, fake, clock):
    """Run, be interrupted, run again to the end; every sweep may be cut short."""
    for ending in ("vanish", "finish"):
        while newest_attempt(job).status != "submitted":
            sweep(clock)
        attempt = newest_attempt(job)
        fake.begin(attempt.name)
        sweep(clock)
        fake.start(attempt.name)
        for _ in range(3):
            clock.tick(200)
            sweep(clock)
        if ending == "vanish":
            fake.vanish(attempt.name)
        else:
            output_of(attempt, now=clock.now)
            fake.finish(attempt.name)
        while Attempt.objects.get(pk=attempt.pk).cleaned_at is None:
            sweep(clock)
        clock.tick(5)
    job.refresh_from_db()


@pytest.mark.parametrize("turn", [0, 2])
@pytest.mark.parametrize("point", POINTS)
def test_a_death_at_any_point_loses_and_doubles_nothing(fake, clock, monkeypatch, point, turn):
    executioner = Executioner(point, turn)
    allocation = allocation_on(now=clock.now)
    job = submitted_job(allocation=allocation, now=clock.now, wall_limit_minutes=30)
    monkeypatch.setattr(faults, "point", executioner)
    live_a_whole_life(job, fake, clock)
    monkeypatch.undo()
    assert job.status == "succeeded"
    assert fake.created_names == [f"tj-{job.public_id.lower()}-{number}" for number in (1, 2)]
    assert list(job.attempts.order_by("number").values_list("status", flat=True)) == ["lost", "succeeded"]
    assert held_of_job(job.public_id) == 0
    balances = balances_of_allocation(allocation)
    used = sum((a.released_at - a.bound_at).total_seconds() for a in job.attempts.all())
    assert balances.spent + balances.lost == used
    assert sum(UsageSlice.objects.values_list("accelerator_seconds", flat=True)) == used
    assert verify_hours(clock.now.replace(year=2100)) == []


@pytest.mark.parametrize("point", ["after-claim", "after-stop-sent", "before-end-commit", "after-end"])
def test_a_death_while_stopping(fake, clock, monkeypatch, point):
    job = submitted_job(now=clock.now)
    actions.sweep_jobs(now=clock.now)
    fake.start(newest_attempt(job).name)
    actions.sweep_jobs(now=clock.now)
    actions.request_stop(job=job, by=TESTER, now=clock.now)
    monkeypatch.setattr(faults, "point", Executioner(point, 0))
    for _ in range(4):
        sweep(clock)
    job.refresh_from_db()
    assert (job.status, newest_attempt(job).status, held_of_job(job.public_id)) == ("cancelled", "cancelled", 0)


def test_a_death_while_submitting_leaves_nothing(clock, monkeypatch):
    allocation = allocation_on(now=clock.now)
    monkeypatch.setattr(faults, "point", Executioner("after-hold", 0))
    with pytest.raises(Killed):
        submitted_job(allocation=allocation, now=clock.now)
    connection.close()
    assert balances_of_allocation(allocation).held == 0
    assert Attempt.objects.count() == 0


def test_a_death_while_taking_the_output_leaves_it_to_the_next_try(fake, clock, monkeypatch):
    job = submitted_job(now=clock.now)
    actions.sweep_jobs(now=clock.now)
    monkeypatch.setattr(faults, "point", Executioner("before-output-commit", 0))
    with pytest.raises(Killed):
        output_of(newest_attempt(job), now=clock.now)
    connection.close()
    assert job.checkpoints.count() == 0
    output_of(newest_attempt(job), now=clock.now)
    assert job.checkpoints.count() == 1
