"""Who gets a host, who waits, and until when."""

import pytest

from compute.allocations.queries import held_of_job
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
