"""A place that does not answer, and workers that come late."""

import pytest

from compute.allocations.queries import held_of_job
from compute.jobs import actions
from compute.jobs.actions.claims import CLAIM_TIME, Stale, claim_attempt
from compute.jobs.actions.sweep import tend
from tests.compute.jobs.sweep.life import after_statement, reload
from tests.factories.jobs import newest_attempt, submitted_job

pytestmark = pytest.mark.django_db
LOOK_UP = 'INNER JOIN "jobs_job" ON ("jobs_attempt"."job_id" = "jobs_job"."id")'  # how a worker loads its attempt


def test_a_silent_place_is_shown_after_two_minutes_and_changes_nothing_else(running, fake, sweep, clock):
    fake.lose_contact()
    clock.tick(119)
    actions.sweep_jobs(now=clock.now)
    assert not reload(running).is_unknown
    clock.tick(minutes=20)
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


def test_a_claim_is_of_one_attempt_and_of_one_worker(fake, clock):
    first, second = (submitted_job(now=clock.now) for _ in range(2))
    actions.place_attempts(now=clock.now)
    claim = claim_attempt(newest_attempt(second).pk, clock.now)
    assert claim is not None
    assert claim_attempt(newest_attempt(second).pk, clock.now) is None
    assert (newest_attempt(first).lock_token, newest_attempt(second).lock_token) == ("", claim.token)


def test_what_a_worker_writes_after_losing_its_claim_is_discarded(job, running, fake, clock):
    stale = claim_attempt(running.pk, clock.now)
    clock.tick(CLAIM_TIME.total_seconds())
    fake.finish(running.name, 3)
    fresh = claim_attempt(running.pk, clock.now)
    with pytest.raises(Stale):
        tend(stale, now=clock.now)
    assert reload(running).status == "running"
    assert tend(fresh, now=clock.now)


def test_an_attempt_taken_since_the_list_was_read_is_left_to_its_worker(job, fake, clock):
    attempt = newest_attempt(job)
    with after_statement('ORDER BY "jobs_attempt"."next_check_at"', lambda: claim_attempt(attempt.pk, clock.now)):
        swept = actions.sweep_jobs(now=clock.now)
    assert (swept.placed, swept.tended, swept.failed) == (1, 0, 0)
    assert fake.created_names == []


@pytest.mark.django_db(transaction=True)
def test_an_attempt_that_another_worker_locks_is_not_waited_for(job, fake, clock, application_connection):
    """`lock_timeout` ends the test, should the sweep wait."""
    actions.place_attempts(now=clock.now)
    application_connection.execute("SELECT 1 FROM jobs_attempt FOR UPDATE")
    assert actions.sweep_jobs(now=clock.now).tended == 0
    application_connection.rollback()
    assert actions.sweep_jobs(now=clock.now).tended == 1


@pytest.fixture
def given_up(clock, fake):
    """A job that waited too long for a host, which has just become free, and the claim of who will give it up."""
    job = submitted_job(now=clock.now, max_wait_hours=1)
    clock.tick(hours=1)
    return job, claim_attempt(newest_attempt(job).pk, clock.now)


def test_an_attempt_placed_before_its_worker_looked_closely_starts(given_up, fake, clock):
    job, claim = given_up
    with after_statement(LOOK_UP, lambda: actions.place_attempts(now=clock.now), number=1):
        assert not tend(claim, now=clock.now)
    attempt = newest_attempt(job)
    assert (attempt.status, attempt.is_unknown, attempt.lock_token) == ("submitted", False, "")
    assert fake.created_names == [attempt.name]


def test_an_attempt_placed_while_its_worker_gives_it_up_is_given_up(given_up, fake, clock):
    job, claim = given_up
    with after_statement(LOOK_UP, lambda: actions.place_attempts(now=clock.now), number=2):
        assert tend(claim, now=clock.now)
    attempt = newest_attempt(job)
    assert (attempt.status, attempt.is_unknown, attempt.cleaned_at) == ("cancelled", False, clock.now)
    assert (reload(job).status, reload(job).reason, held_of_job(job.public_id)) == ("cancelled", "waited-too-long", 0)
    assert fake.created_names == []
