"""A place that does not answer, and workers that come late."""

import pytest

from compute.jobs import actions
from compute.jobs.actions.claims import CLAIM_TIME, Stale, claim_attempt
from compute.jobs.actions.sweep import tend
from tests.compute.jobs.sweep.life import reload
from tests.factories.jobs import (
    newest_attempt,
)

pytestmark = pytest.mark.django_db


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
