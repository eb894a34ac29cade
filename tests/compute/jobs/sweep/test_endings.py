"""How an attempt ends, and what follows for its job."""

from datetime import timedelta

import pytest

from compute.allocations.models import HoursTransaction
from compute.allocations.queries import balances_of_allocation, proof
from compute.jobs import actions
from compute.jobs.models import UsageSlice
from institute.people.models import ApiToken
from tests.compute.jobs.sweep.life import end, reload, statuses
from tests.factories.jobs import (
    HOUR,
    allocation_on,
    checkpoint_of,
    lease_of,
    newest_attempt,
    one_host,
    open_attempt,
    output_of,
    submitted_job,
)
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db


def test_success(job, running, fake, sweep, clock):
    output_of(running, now=clock.now)
    clock.tick(90)
    attempt = end(running, fake, sweep)
    assert (attempt.status, attempt.exit_code, attempt.failure_class) == ("succeeded", 0, "")
    assert (reload(job).status, reload(job).ended_at) == ("succeeded", clock.now)
    assert attempt.released_at - attempt.bound_at == timedelta(seconds=90)
    balances = balances_of_allocation(job.allocation)
    assert (balances.held, balances.spent, balances.lost) == (0, 90, 0)
    assert proof(clock.now + timedelta(days=365_0)) == []


def test_the_place_forgets_what_ended_once_its_log_is_kept(running, fake, sweep, clock):
    fake.write_log(running.name, b"step 1\n")
    sweep()
    fake.write_log(running.name, b"step 2\n")
    attempt = end(running, fake, sweep, 3)
    assert b"".join(part.data for part in attempt.log_parts.order_by("offset")) == b"step 1\nstep 2\n"
    assert running.name not in fake.attempts
    assert attempt.cleaned_at == clock.now


def test_a_long_log_is_fetched_over_several_rounds(running, fake, sweep, clock):
    fake.write_log(running.name, bytes(3 << 20))
    attempt = end(running, fake, sweep, 3)
    assert attempt.cleaned_at is None
    sweep()
    sweep()
    assert reload(attempt).cleaned_at == clock.now
    assert sum(attempt.log_parts.values_list("size", flat=True)) == 3 << 20


def test_the_attempts_token_ends_with_it(job, running, fake, sweep):
    token = ApiToken.objects.get(job_id=job.public_id)
    assert token.revoked_at is None
    end(running, fake, sweep, 3)
    assert reload(token).revoked_at is not None


@pytest.mark.parametrize(
    ("code", "failure"), [(64, "user-config"), (78, "user-config"), (1, "user-code"), (3, "user-code")]
)
def test_a_failure_of_the_jobs_own_ends_it(job, running, fake, sweep, code, failure):
    attempt = end(running, fake, sweep, code, text="what it said")
    assert (attempt.exit_code, attempt.failure_class, attempt.text) == (code, failure, "what it said")
    assert (reload(job).status, reload(job).reason) == ("failed", failure)
    assert job.attempts.count() == 1


def test_exit_0_without_an_output_is_a_failure(job, running, fake, sweep):
    attempt = end(running, fake, sweep, 0)
    assert (attempt.status, attempt.reason, reload(job).status) == ("failed", "no-output", "failed")


def test_exit_0_with_checkpoints_only_is_a_failure_too(job, running, fake, sweep, clock):
    checkpoint_of(running, now=clock.now)
    assert end(running, fake, sweep, 0).reason == "no-output"
    assert reload(job).status == "failed"


def test_the_recipes_own_failure_is_retried_as_often_as_asked(fake, sweep, clock):
    job = submitted_job(now=clock.now, retries=1)
    for _ in range(2):
        sweep()
        fake.start(open_attempt(job).name)
        end(open_attempt(job), fake, sweep, 1)
        clock.tick(5)
    assert (reload(job).status, job.attempts.count()) == ("failed", 2)


def test_an_interruption_goes_on_as_a_new_attempt_from_the_last_checkpoint(job, running, fake, sweep, clock):
    checkpoint = checkpoint_of(running, now=clock.now)
    clock.tick(30)
    assert end(running, fake, sweep, 75).status == "evicted"
    second = newest_attempt(job)
    assert (second.number, second.status) == (2, "submitted")
    assert (reload(job).status, reload(job).reason) == ("waiting", "preempted")
    answer = actions.grant_lease(attempt=second, holder="second", state="starting", now=clock.now, by=TESTER)
    assert (answer.resume, answer.fence) == (checkpoint, checkpoint.fence + 1)
    assert balances_of_allocation(job.allocation).lost == 0


def test_a_lost_host_is_refunded_back_to_the_checkpoint(job, running, fake, sweep, clock):
    clock.tick(100)
    checkpoint_of(running, now=clock.now)
    clock.tick(50)
    fake.vanish(running.name)
    sweep()
    attempt = reload(running)
    assert (attempt.status, attempt.failure_class) == ("lost", "node-lost")
    balances = balances_of_allocation(job.allocation)
    assert (balances.spent, balances.lost, attempt.refund_owed) == (100, 50, 50)  # nothing unallocated to give back
    lost = HoursTransaction.objects.get(kind="loss")
    assert lost.idempotency_key.startswith(f"loss:{attempt.public_id}:1:")  # once per fence
    clock.tick(2)
    sweep()
    assert open_attempt(job).number == 2


def test_a_refund_is_once_for_the_newest_holder_of_the_lease(job, running, fake, sweep, clock):
    lease_of(running, now=clock.now)
    clock.tick(minutes=15)
    assert lease_of(running, now=clock.now, holder="its successor") == 2
    fake.vanish(running.name)
    sweep()
    assert HoursTransaction.objects.get(kind="loss").idempotency_key.startswith(f"loss:{running.public_id}:2:")


def test_a_host_lost_right_after_a_checkpoint_took_nothing(job, running, fake, sweep, clock):
    clock.tick(100)
    checkpoint_of(running, now=clock.now)
    fake.vanish(running.name)
    sweep()
    assert (reload(running).status, reload(running).refund_owed) == ("lost", 0)
    assert (balances_of_allocation(job.allocation).spent, balances_of_allocation(job.allocation).lost) == (100, 0)
    assert not HoursTransaction.objects.filter(attempt=running.public_id).exclude(kind="capture").exists()


def test_a_refund_comes_out_of_what_is_unallocated(fake, sweep, clock):
    cluster = one_host()
    allocation = allocation_on(cluster, seconds=10 * HOUR, now=clock.now, award=9 * HOUR)
    job = submitted_job(allocation=allocation, now=clock.now)
    sweep()
    fake.start(open_attempt(job).name)
    clock.tick(50)
    fake.vanish(open_attempt(job).name)
    sweep()
    assert job.attempts.get(number=1).refund_owed == 0
    assert balances_of_allocation(allocation).lost == 50


def test_an_attempt_that_its_place_forgot_is_lost(job, running, fake, sweep, clock):
    clock.tick(20)
    sweep()
    fake.delete(running.name)
    sweep()
    attempt = reload(running)
    assert (attempt.status, attempt.reason) == ("lost", "forgotten")
    assert attempt.released_at - attempt.bound_at == timedelta(seconds=20)


def test_an_accepted_output_is_success_although_the_host_was_lost(job, running, fake, sweep, clock):
    output_of(running, now=clock.now)
    clock.tick(5)
    fake.vanish(running.name)
    sweep()
    assert (reload(running).status, reload(job).status) == ("succeeded", "succeeded")


def test_a_run_too_short_to_be_seen_still_started(fake, sweep, clock):
    job = submitted_job(now=clock.now)
    sweep()
    attempt = open_attempt(job)
    fake.start(attempt.name)
    output_of(attempt, now=clock.now)
    clock.tick(2)
    end(attempt, fake, sweep)
    assert statuses(attempt) == ["planned", "submitted", "running", "succeeded"]
    assert reload(job).started_at is not None


def test_an_attempt_that_never_trained_costs_nothing(job, fake, sweep, clock):
    sweep()
    clock.tick(60)
    end(open_attempt(job), fake, sweep, 1)
    assert UsageSlice.objects.count() == 0
    assert balances_of_allocation(job.allocation).spent == 0
