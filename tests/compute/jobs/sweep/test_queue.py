"""Who gets a host, who waits, and until when."""

import pytest

from compute.allocations.queries import held_of_job
from compute.jobs.backends.base import BackendConflict
from tests.compute.jobs.sweep.life import reload
from tests.factories.jobs import (
    allocation_on,
    newest_attempt,
    one_host,
    output_of,
    submitted_job,
)

pytestmark = pytest.mark.django_db


def test_a_second_job_waits_with_its_reason_until_the_host_is_free(fake, sweep, clock):
    allocation = allocation_on(now=clock.now)
    first, second = (submitted_job(allocation=allocation, now=clock.now) for _ in range(2))
    sweep()
    assert (newest_attempt(second).status, newest_attempt(second).reason) == ("planned", "no-free-host")
    fake.start(newest_attempt(first).name)
    output_of(newest_attempt(first), now=clock.now)
    clock.tick(10)
    fake.finish(newest_attempt(first).name)
    assert sweep().placed == 1  # in the same sweep in which the first ended
    assert newest_attempt(second).status == "submitted"


@pytest.mark.parametrize("status", ["draining", "down"])
def test_a_cluster_that_is_not_up_takes_nothing(fake, sweep, clock, status):
    cluster = one_host()
    job = submitted_job(allocation=allocation_on(cluster, now=clock.now), now=clock.now)
    type(cluster).objects.filter(pk=cluster.pk).update(status=status)
    sweep()
    assert (newest_attempt(job).status, newest_attempt(job).reason) == ("planned", "no-cluster")


def test_a_job_that_waited_too_long_gives_up_and_gives_its_hours_back(fake, sweep, clock):
    allocation = allocation_on(now=clock.now)
    submitted_job(allocation=allocation, now=clock.now)
    late = submitted_job(allocation=allocation, now=clock.now, max_wait_hours=1)
    sweep()
    clock.tick(hours=1)
    sweep()
    assert (reload(late).status, reload(late).reason) == ("cancelled", "waited-too-long")
    assert held_of_job(late.public_id) == 0


def test_a_sweep_makes_room_three_times_and_leaves_the_rest_to_the_next(fake, sweep, clock):
    allocation = allocation_on(now=clock.now)
    jobs = [submitted_job(allocation=allocation, now=clock.now) for _ in range(4)]
    for _ in jobs:
        fake.fail_next("create", BackendConflict("its name is taken"))
    swept = sweep()
    assert (swept.placed, swept.ended) == (3, 3)
    assert newest_attempt(jobs[3]).cluster is None
    assert (sweep().placed, job_ends(jobs[3])) == (1, ["failed", "planned"])


def job_ends(job):
    return list(job.attempts.order_by("number").values_list("status", flat=True))
