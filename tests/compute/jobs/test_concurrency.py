"""Many at once: threads with connections of their own."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from compute.allocations.models import HoursTransaction
from compute.allocations.queries import balances_of_allocation, proof
from compute.jobs import actions
from compute.jobs.models import Attempt, Job, UsageSlice
from institute.core.actors import SYSTEM_SWEEP
from institute.core.errors import DomainError
from tests.factories.jobs import allocation_on, newest_attempt, one_host, submitted_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def at_once(workers, work):
    """What `work(n)` gives in each of many threads."""

    def run(number):
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, range(workers)))


def test_eight_workers_capture_one_slice_in_one_transaction(fake, clock, sweep):
    job = submitted_job(now=clock.now)
    sweep()
    fake.start(newest_attempt(job).name)
    clock.tick(400)
    fake.finish(newest_attempt(job).name, 3)
    attempt = newest_attempt(job)
    from compute.jobs.actions.claims import claim_attempt  # the steps of a sweep before it captures
    from compute.jobs.actions.observations import record_observation

    claim = claim_attempt(attempt.pk, clock.now)
    record_observation(claim, fake.observe([attempt.name])[0], now=clock.now)
    new = at_once(8, lambda _: actions.capture_due(attempt=load(attempt), is_over=True, by=SYSTEM_SWEEP))
    assert sorted(new) == [0, 0, 0, 0, 0, 0, 0, 2]
    assert sorted(UsageSlice.objects.values_list("accelerator_seconds", flat=True)) == [100, 300]
    assert HoursTransaction.objects.filter(kind="capture").count() == 2


def load(attempt):
    return Attempt.objects.select_related("job__project").get(pk=attempt.pk)


def test_fifty_submits_against_hours_for_ten_hold_ten_times():
    allocation = allocation_on(seconds=10 * 300)

    def submit(number):
        try:
            submitted_job(allocation=allocation, name=f"job {number}")
        except DomainError:
            return "refused"
        return "held"

    assert Counter(at_once(50, submit)) == {"held": 10, "refused": 40}
    assert Job.objects.count() == 10
    assert balances_of_allocation(allocation).held == 3_000


def test_many_sweeps_at_once_place_and_create_once(fake, clock):
    allocation = allocation_on(one_host(), now=clock.now)
    for _ in range(3):
        submitted_job(allocation=allocation, now=clock.now)
    swept = at_once(8, lambda _: actions.sweep_jobs(now=clock.now))
    assert sum(each.placed for each in swept) == 1
    assert sum(each.failed for each in swept) == 0
    assert len(fake.created_names) == 1


def test_many_sweeps_at_once_end_an_attempt_once(fake, clock, sweep):
    job = submitted_job(now=clock.now)
    sweep()
    fake.start(newest_attempt(job).name)
    clock.tick(100)
    fake.finish(newest_attempt(job).name, 75)
    swept = at_once(8, lambda _: actions.sweep_jobs(now=clock.now))
    assert sum(each.ended for each in swept) == 1
    assert sum(each.failed for each in swept) == 0
    assert job.attempts.count() == 2
    assert proof(clock.now.replace(year=2100)) == []
