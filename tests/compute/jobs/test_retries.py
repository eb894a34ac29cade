from datetime import UTC, datetime, timedelta

import pytest

from compute.jobs.backends import base
from compute.jobs.enums import AttemptStatus, FailureClass, JobStatus
from compute.jobs.rules.retries import Again, Finish, Past, after_failure, status_of

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FINAL = ["user-config", "oom", "image", "storage", "deadline"]
LIMITED = {"node-lost": 5, "accelerator-fault": 3, "network": 3, "cluster-lost": 3}


def times(failure, count, every=timedelta(minutes=1)):
    return [Past(FailureClass(failure), NOW + number * every) for number in range(count)]


def after(past, *, is_stop_wanted=False, retries=0):
    return after_failure(past, is_stop_wanted=is_stop_wanted, retries=retries)


def test_the_classes_are_those_of_the_backends():
    assert {each.value for each in FailureClass} == {each.value for each in base.FailureClass}


@pytest.mark.parametrize("failure", FINAL)
def test_a_failure_that_would_come_again_ends_the_job(failure):
    assert after(times(failure, 1), retries=9) == Finish(JobStatus.FAILED, failure)


@pytest.mark.parametrize(("failure", "budget"), LIMITED.items())
def test_a_failure_of_the_place_is_tried_again_within_its_budget(failure, budget):
    assert isinstance(after(times(failure, budget)), Again)
    assert after(times(failure, budget + 1)) == Finish(JobStatus.FAILED, failure)


@pytest.mark.parametrize("failure", ["platform", "window-end", "withdrawn"])
def test_our_own_faults_never_end_a_job(failure):
    assert isinstance(after(times(failure, 40)), Again)


def test_the_recipes_own_failures_are_tried_as_often_as_asked():
    assert after(times("user-code", 1)) == Finish(JobStatus.FAILED, "user-code")
    assert isinstance(after(times("user-code", 2), retries=2), Again)
    assert after(times("user-code", 3), retries=2) == Finish(JobStatus.FAILED, "user-code")


def test_twenty_preemptions_a_day_are_enough():
    assert isinstance(after(times("preempted", 20)), Again)
    assert after(times("preempted", 21)) == Finish(JobStatus.FAILED, "preempted")
    assert isinstance(after(times("preempted", 40, every=timedelta(hours=2))), Again)


def test_ten_counted_attempts_are_the_most():
    mixed = times("node-lost", 5) + times("network", 3) + times("cluster-lost", 1)
    assert isinstance(after(mixed), Again)
    assert after([*mixed, *times("cluster-lost", 1)]) == Finish(JobStatus.FAILED, "cluster-lost")


def test_uncounted_attempts_do_not_use_up_the_ten():
    assert isinstance(after(times("platform", 30) + times("node-lost", 1)), Again)


def test_an_interruption_goes_on_at_once():
    assert after(times("preempted", 3)) == Again(timedelta(0), "preempted")


def test_the_pause_doubles_with_each_failure_in_a_row_up_to_ten_minutes():
    pauses = [after(times("preempted", 1) + times("platform", n)).pause.total_seconds() for n in (1, 2, 3, 30)]
    assert pauses == [1, 2, 4, 600]


@pytest.mark.parametrize("failure", ["preempted", "node-lost", "platform"])
def test_a_job_that_was_to_stop_is_cancelled_whatever_took_it(failure):
    assert after(times(failure, 1), is_stop_wanted=True) == Finish(JobStatus.CANCELLED, "stopped")


@pytest.mark.parametrize("failure", ["user-code", "user-config", "oom"])
def test_a_failure_of_its_own_is_called_by_its_name_although_it_was_to_stop(failure):
    assert after(times(failure, 1), is_stop_wanted=True, retries=3) == Finish(JobStatus.FAILED, failure)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        ("preempted", "evicted"),
        ("node-lost", "lost"),
        ("cluster-lost", "lost"),
        ("oom", "failed"),
        ("platform", "failed"),
    ],
)
def test_status_of_a_failure(failure, status):
    assert status_of(FailureClass(failure)) == AttemptStatus(status)
