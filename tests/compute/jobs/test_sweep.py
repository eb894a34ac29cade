"""A job's life as the sweep sees it, with a place that the test drives."""

from datetime import timedelta

import pytest

from compute.allocations.queries import balances_of_allocation, held_of_job, proof
from compute.jobs import actions
from compute.jobs.actions.claims import CLAIM_TIME, Stale, claim_attempt
from compute.jobs.actions.sweep import tend
from compute.jobs.backends.base import BackendConflict, BackendUnavailable
from compute.jobs.models import Attempt, UsageSlice
from grants.funding.models import Obligation
from institute.core import outbox
from institute.core.states import history_of
from institute.people.models import ApiToken
from tests.factories.jobs import (
    HOUR,
    allocation_on,
    checkpoint_of,
    newest_attempt,
    one_host,
    open_attempt,
    output_of,
    submitted_job,
)
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db


def reload(obj):
    return type(obj).objects.get(pk=obj.pk)


def statuses(obj):
    return list(history_of(obj).values_list("to_status", flat=True))


@pytest.fixture
def job(clock):
    return submitted_job(now=clock.now)


@pytest.fixture
def running(job, fake, sweep):
    """The job's attempt, whose training runs since the clock's present time."""
    sweep()
    attempt = newest_attempt(job)
    fake.start(attempt.name)
    sweep()
    return reload(attempt)


def end(attempt, fake, sweep, *args, **kwargs):
    fake.finish(attempt.name, *args, **kwargs)
    sweep()
    return reload(attempt)


# -- starting ------------------------------------------------------------------------------------


def test_a_submitted_job_gets_a_host_at_once(job, fake, sweep):
    assert sweep().placed == 1
    attempt = newest_attempt(job)
    assert fake.created_names == [attempt.name] == [f"tj-{job.public_id.lower()}-1"]
    assert (attempt.status, attempt.spec_sha256) == ("submitted", fake.attempts[attempt.name].spec_sha256)


def test_a_second_sweep_changes_nothing(job, fake, sweep):
    sweep()
    sweep()
    assert len(fake.created_names) == 1


def test_training_seen_running_makes_the_job_run(job, fake, sweep, clock):
    sweep()
    attempt = newest_attempt(job)
    fake.begin(attempt.name)
    sweep()
    assert reload(attempt).status == "starting"
    fake.start(attempt.name)
    clock.tick(3)
    sweep()
    assert (reload(attempt).status, reload(job).status) == ("running", "running")
    assert reload(attempt).bound_at == reload(job).started_at == clock.now - timedelta(seconds=3)
    assert statuses(attempt) == ["planned", "submitted", "starting", "running"]


def test_steps_that_nobody_saw_are_skipped(running):
    assert statuses(running) == ["planned", "submitted", "running"]


def test_secrets_are_in_no_row(job, fake, sweep):
    sweep()
    attempt = newest_attempt(job)
    secrets = fake.attempts[attempt.name].spec.secrets
    assert sorted(secrets) == ["HEADWATERS_JOB_TOKEN", "WANDB_API_KEY"]
    assert secrets["HEADWATERS_JOB_TOKEN"] not in str(attempt.spec)
    assert attempt.spec["env"] == {"WANDB_BASE_URL": "http://localhost:8000/wandb", "WANDB_MODE": "disabled"}


def test_training_is_told_whose_hours_it_spends(job, fake, sweep):
    sweep()
    pledge = job.allocation.sources.get().pledge
    told = fake.attempts[newest_attempt(job).name].spec.recipe_inputs
    assert told["lineage"] == {
        "attempt": newest_attempt(job).public_id,
        "job": job.public_id,
        "allocation": job.allocation.public_id,
        "project": job.project.public_id,
        "pledges": [pledge.public_id],
        "donors": [pledge.donor.public_id],
    }
    assert told["inputs"] == job.inputs


def test_an_answer_lost_after_the_creation_makes_no_second_attempt(job, fake, sweep, clock):
    fake.fail_next("create", BackendUnavailable("no answer"), after=True)
    assert actions.sweep_jobs(now=clock.now).silent == 1
    clock.tick(2)
    sweep()
    assert len(fake.created_names) == 1
    assert newest_attempt(job).status == "submitted"


def test_a_place_that_is_away_is_asked_again_later_and_later(job, fake, clock):
    fake.lose_contact()
    for pause in (1, 2, 4):
        assert actions.sweep_jobs(now=clock.now).silent == 1
        clock.tick(pause - 0.5)
        assert actions.sweep_jobs(now=clock.now).silent == 0
        clock.tick(0.5)
    fake.regain_contact()
    actions.sweep_jobs(now=clock.now)
    assert newest_attempt(job).status == "submitted"


def test_faults_of_one_attempt_put_it_off_and_let_others_go_on(fake, clock):
    cluster = one_host()
    first = submitted_job(allocation=allocation_on(cluster, now=clock.now), now=clock.now)
    second = submitted_job(allocation=allocation_on(now=clock.now), now=clock.now)
    fake.fail_next("create", BackendUnavailable("hiccup"))
    swept = actions.sweep_jobs(now=clock.now)
    assert (swept.silent, swept.tended) == (1, 1)
    assert newest_attempt(first).faults == 1
    assert newest_attempt(first).next_check_at == clock.now + timedelta(seconds=1)
    assert newest_attempt(second).status == "submitted"


def test_a_name_taken_by_something_else_is_the_platforms_fault(job, fake, sweep, clock):
    fake.fail_next("create", BackendConflict("other"))
    sweep()
    first = job.attempts.get(number=1)
    assert (first.status, first.failure_class, first.reason) == ("failed", "platform", "name-taken")
    clock.tick(1)
    sweep()
    assert fake.created_names == [f"tj-{job.public_id.lower()}-2"]


# -- the queue -----------------------------------------------------------------------------------


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


# -- ending --------------------------------------------------------------------------------------


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
    clock.tick(2)
    sweep()
    assert open_attempt(job).number == 2


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


# -- stopping ------------------------------------------------------------------------------------


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


# -- silence and workers -------------------------------------------------------------------------


def test_a_silent_place_is_shown_after_two_minutes_and_changes_nothing_else(running, fake, sweep, clock):
    fake.lose_contact()
    clock.tick(119)
    actions.sweep_jobs(now=clock.now)
    assert not reload(running).is_unknown
    clock.tick(hours=20)
    actions.sweep_jobs(now=clock.now)
    assert reload(running).is_unknown
    assert reload(running).status == "running"
    fake.regain_contact()
    clock.tick(2)
    sweep()
    assert not reload(running).is_unknown


def test_a_claimed_attempt_is_left_to_its_worker(job, fake, clock):
    actions.place_attempts(now=clock.now)
    assert claim_attempt(newest_attempt(job).pk, clock.now) is not None
    assert actions.sweep_jobs(now=clock.now).tended == 0
    clock.tick(CLAIM_TIME.total_seconds())
    assert actions.sweep_jobs(now=clock.now).tended == 1


def test_what_a_worker_writes_after_losing_its_claim_is_discarded(job, running, fake, clock):
    stale = claim_attempt(running.pk, clock.now)
    clock.tick(CLAIM_TIME.total_seconds())
    fake.finish(running.name, 3)
    fresh = claim_attempt(running.pk, clock.now)
    with pytest.raises(Stale):
        tend(stale, now=clock.now)
    assert reload(running).status == "running"
    assert tend(fresh, now=clock.now)


# -- hours ---------------------------------------------------------------------------------------


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
