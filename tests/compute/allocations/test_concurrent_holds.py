"""Many at once: hours are never promised twice and nobody waits for ever."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from compute.allocations import actions
from compute.allocations.actions import HoldNeed
from compute.allocations.models import HoursTransaction
from compute.allocations.queries import balances_of_allocation, proof
from institute.core.errors import Exhausted
from tests.factories.allocations import allocation_from, allocation_with, pledge_with_hours, project_with
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of `count` threads got, an error as itself; all start together, eight have a connection at a time."""
    barrier = threading.Barrier(min(count, 8))

    def run(number: int) -> Any:
        if number < barrier.parties:
            barrier.wait(timeout=30)
        try:
            return act(number)
        except Exhausted as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(barrier.parties) as pool:
        return list(pool.map(run, range(count), timeout=120))


def test_fifty_submits_against_hours_for_ten_jobs_get_exactly_ten_holds() -> None:
    allocation = allocation_with(seconds=10 * 3600)
    now = timezone.now()

    def hold(number: int) -> Any:
        need = HoldNeed(3600)
        return actions.hold_hours(allocation=allocation, job_id=f"job-{number}", n=0, need=need, by=TESTER, now=now)

    answers = at_once(50, hold)
    assert sum(isinstance(answer, list) for answer in answers) == 10
    balances = balances_of_allocation(allocation)
    assert (balances.held, balances.available) == (36_000, 0)
    assert proof(timezone.now()) == []


def test_twenty_of_fifty_across_two_sources_in_either_order_without_deadlock() -> None:
    project = project_with()
    one, two = pledge_with_hours(seconds=100_000), pledge_with_hours(seconds=100_000)
    two.supply.clusters.set(one.supply.clusters.all())
    type(two.supply).objects.filter(pk=two.supply.pk).update(provider=one.supply.provider)
    first = allocation_from((one, 1_000), (two, 1_000), project=project)
    second = allocation_from((two, 1_000), (one, 1_000), project=project)
    now = timezone.now()

    def hold(number: int) -> Any:
        allocation = (first, second)[number % 2]
        need = HoldNeed(200)
        return actions.hold_hours(allocation=allocation, job_id=f"job-{number}", n=0, need=need, by=TESTER, now=now)

    assert sum(isinstance(answer, list) for answer in at_once(50, hold)) == 20
    assert proof(timezone.now()) == []


def test_eight_workers_charge_one_slice_once() -> None:
    allocation = allocation_with(seconds=3600)
    now = timezone.now()
    actions.hold_hours(allocation=allocation, job_id="job", n=0, need=HoldNeed(3600), by=TESTER, now=now)

    def capture(_number: int) -> Any:
        return actions.capture_hours(job_id="job", attempt_id="a", slice_no=1, quantity=300, happened_at=now, by=TESTER)

    answers = at_once(8, capture)
    assert all(answer == answers[0] for answer in answers)
    assert HoursTransaction.objects.filter(kind="capture").count() == 1
    assert balances_of_allocation(allocation).spent == 300


def test_the_same_hold_from_eight_threads_is_one_hold() -> None:
    allocation = allocation_with(seconds=3600)
    now = timezone.now()

    def hold(_number: int) -> Any:
        return actions.hold_hours(allocation=allocation, job_id="job", n=0, need=HoldNeed(900), by=TESTER, now=now)

    assert [len(answer) for answer in at_once(8, hold)] == [1] * 8
    assert balances_of_allocation(allocation).held == 900
