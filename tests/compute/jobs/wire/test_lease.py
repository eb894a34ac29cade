"""The right to train and commit, given to one process at a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compute.jobs.actions import LeaseLost
from compute.jobs.models import AttemptLease
from tests.compute.jobs.wire.supervisor import expire, problem
from tests.factories.jobs import lease_of, newest_attempt, submitted_job
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db


def test_a_first_lease(supervisor, job):
    answer = supervisor.lease()
    assert answer.status_code == 200
    data = answer.json()
    expires_in = AttemptLease.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=14) < expires_in <= timedelta(minutes=15)
    assert {**data, "expires_at": ""} == {
        "fence": 1,
        "expires_at": "",
        "renew_after_s": 30,
        "resume": None,
        "checkpoint_by": None,
        "stop": False,
        "coordinator": None,
    }


def test_the_same_holder_keeps_its_fence(supervisor):
    assert [supervisor.fence(), supervisor.lease(state="ending").data["fence"]] == [1, 1]
    assert AttemptLease.objects.get().state == "ending"


def test_another_holder_waits_until_the_lease_has_run_out(supervisor):
    supervisor.fence()
    supervisor.holder = "two"
    assert problem(supervisor.lease()) == (409, "lease-lost")
    expire(supervisor.attempt)
    assert supervisor.fence() == 2


def test_who_was_replaced_has_lost_its_lease_for_good(supervisor):
    supervisor.fence()
    expire(supervisor.attempt)
    supervisor.holder = "two"
    supervisor.fence()
    supervisor.holder = "one"
    assert problem(supervisor.lease()) == (409, "lease-lost")


def test_the_same_holder_comes_back_after_an_outage_of_ours(supervisor):
    supervisor.fence()
    expire(supervisor.attempt)
    assert supervisor.fence() == 1


def test_an_attempt_that_is_over_gets_no_lease(supervisor, fake, sweep):
    supervisor.fence()
    fake.start(supervisor.attempt.name)
    token = supervisor.client
    fake.finish(supervisor.attempt.name, 75)
    sweep()
    supervisor.client = token
    assert supervisor.lease().status_code == 401  # its token ended with it


def test_who_never_asked_for_a_lease_has_none(supervisor):
    assert problem(supervisor.checkpoint(1)) == (409, "lease-lost")


@pytest.mark.parametrize("code", [75, 3])
def test_an_attempt_that_is_over_gets_no_lease_whoever_asks(supervisor, fake, sweep, clock, code):
    """Its token ends with it; what was under way when it ended meets this."""
    fake.start(supervisor.attempt.name)
    fake.finish(supervisor.attempt.name, code)
    sweep()
    with pytest.raises(LeaseLost):
        lease_of(supervisor.attempt, now=clock.now)
    assert AttemptLease.objects.count() == 0


def test_an_attempt_without_a_place_gets_no_lease(fake, sweep, clock):
    attempt = newest_attempt(submitted_job(now=clock.now))
    with pytest.raises(LeaseLost):
        lease_of(attempt, now=clock.now)


def test_a_stop_reaches_the_holder(supervisor, job):
    from compute.jobs.actions import request_stop  # kept beside its only use

    supervisor.fence()
    request_stop(job=job, by=TESTER)
    assert supervisor.lease().data["stop"] is True


@pytest.mark.parametrize(
    "body",
    [
        {"holder": ""},
        {"holder": "x" * 65},
        {"holder": "a b"},
        {"state": "flying"},
        {"state": None},
        {"holder": {"a": 1}},
        {"holder": "a\x00b"},
    ],
)
def test_a_malformed_lease_is_refused(supervisor, body):
    assert supervisor.lease(**body).status_code == 400
    assert AttemptLease.objects.count() == 0
