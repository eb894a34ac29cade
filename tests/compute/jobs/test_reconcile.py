from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from compute.jobs.backends.base import FailureClass as BackendFailure
from compute.jobs.backends.base import Observation, Phase
from compute.jobs.enums import ATTEMPT_OVER, AttemptStatus, FailureClass
from compute.jobs.rules.reconcile import (
    Advance,
    Create,
    Desired,
    End,
    ForceDelete,
    MarkUnknown,
    SendStop,
    reconcile,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PLACED = Desired(AttemptStatus.PLANNED, is_placed=True, last_seen_at=NOW)
RUNNING = replace(PLACED, status=AttemptStatus.RUNNING)
STOPPING = replace(RUNNING, is_stop_wanted=True)


def seen(phase, *, code=None, failure=None, reason=""):
    return Observation("tj-x-1", "uid", phase, "", (), code, failure, reason, "", NOW)


def steps(desired, observed, now=NOW):
    return reconcile(desired, observed, now)


@pytest.mark.parametrize("status", ATTEMPT_OVER)
@pytest.mark.parametrize("phase", Phase)
def test_what_is_over_stays_over(status, phase):
    assert steps(replace(PLACED, status=status), seen(phase)) == []


def test_without_a_place_nothing_happens():
    assert steps(replace(PLACED, is_placed=False), None) == []


def test_a_waiting_job_that_was_to_stop_is_cancelled():
    waiting = replace(PLACED, is_placed=False, is_stop_wanted=True)
    assert steps(waiting, None) == [End(AttemptStatus.CANCELLED, None, "stopped")]


@pytest.mark.parametrize(("minutes", "count"), [(-1, 1), (0, 1), (1, 0)])
def test_a_job_gives_up_waiting_when_it_said_so(minutes, count):
    waiting = replace(PLACED, is_placed=False, gives_up_at=NOW + timedelta(minutes=minutes))
    assert steps(waiting, None) == [End(AttemptStatus.CANCELLED, None, "waited-too-long")] * count


@pytest.mark.parametrize("status", [AttemptStatus.PLANNED, AttemptStatus.SUBMITTED])
def test_what_is_not_there_yet_is_created(status):
    assert steps(replace(PLACED, status=status), seen(Phase.ABSENT)) == [Create()]


def test_what_was_there_and_is_gone_is_lost():
    lost = End(AttemptStatus.LOST, FailureClass.NODE_LOST, "forgotten")
    assert steps(RUNNING, seen(Phase.ABSENT)) == [lost]


def test_a_forgotten_attempt_with_its_output_accepted_has_succeeded():
    assert steps(replace(RUNNING, has_output=True), seen(Phase.ABSENT)) == [End(AttemptStatus.SUCCEEDED, None, "")]


def test_an_absent_attempt_that_was_to_stop_is_never_created():
    placed = replace(PLACED, is_stop_wanted=True)
    assert steps(placed, seen(Phase.ABSENT)) == [End(AttemptStatus.CANCELLED, None, "stopped")]


@pytest.mark.parametrize(
    ("phase", "status"), [(Phase.PENDING, "submitted"), (Phase.STARTING, "starting"), (Phase.RUNNING, "running")]
)
def test_it_advances_to_what_was_seen(phase, status):
    assert steps(PLACED, seen(phase)) == [Advance(AttemptStatus(status))]


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.STARTING, Phase.RUNNING])
def test_an_old_observation_moves_nothing_back(phase):
    assert steps(RUNNING, seen(phase)) == []


def test_a_short_silence_is_nothing():
    assert steps(replace(RUNNING, last_seen_at=NOW - timedelta(seconds=119)), None) == []


@pytest.mark.parametrize("last_seen_at", [None, NOW - timedelta(minutes=2)])
@pytest.mark.parametrize("observed", [None, seen(Phase.UNKNOWN)])
def test_a_long_silence_is_shown_once(last_seen_at, observed):
    silent = replace(RUNNING, last_seen_at=last_seen_at)
    assert steps(silent, observed) == [MarkUnknown(True)]
    assert steps(replace(silent, is_unknown=True), observed) == []


def test_a_sign_of_life_ends_the_silence():
    assert steps(replace(RUNNING, is_unknown=True), seen(Phase.RUNNING)) == [MarkUnknown(False)]


def test_a_stop_is_sent_once_and_forced_after_a_minute_and_the_grace():
    assert steps(STOPPING, seen(Phase.RUNNING)) == [SendStop()]
    asked = replace(STOPPING, stop_sent_at=NOW, grace_s=30)
    assert steps(asked, seen(Phase.RUNNING), NOW + timedelta(seconds=89)) == []
    assert steps(asked, seen(Phase.RUNNING), NOW + timedelta(seconds=90)) == [ForceDelete()]


def ended(desired=RUNNING, **what):
    (end,) = steps(desired, seen(Phase.ENDED, **what))
    return end


def test_an_accepted_output_is_success_however_the_process_ended():
    done = replace(RUNNING, has_output=True)
    assert ended(done, code=0) == End(AttemptStatus.SUCCEEDED, None, "")
    assert ended(done, failure=BackendFailure.NODE_LOST) == End(AttemptStatus.SUCCEEDED, None, "")
    assert ended(replace(done, is_stop_wanted=True), code=75) == End(AttemptStatus.SUCCEEDED, None, "")


def test_exit_0_without_an_output_is_the_codes_failure():
    assert ended(code=0) == End(AttemptStatus.FAILED, FailureClass.USER_CODE, "no-output")


def test_a_stop_that_we_asked_for_is_a_cancellation():
    assert ended(STOPPING, code=75, reason="stopped") == End(AttemptStatus.CANCELLED, None, "stopped")
    assert ended(STOPPING, code=0) == End(AttemptStatus.CANCELLED, None, "stopped")


def test_a_stop_by_nobody_is_an_interruption():
    assert ended(code=75, reason="stopped") == End(AttemptStatus.EVICTED, FailureClass.PREEMPTED, "stopped")


@pytest.mark.parametrize(
    ("failure", "status"), [("preempted", "evicted"), ("node-lost", "lost"), ("user-config", "failed")]
)
def test_a_failure_is_called_by_its_class(failure, status):
    found = ended(code=1, failure=BackendFailure(failure), reason="because")
    assert found == End(AttemptStatus(status), FailureClass(failure), "because")


def test_an_end_also_ends_the_silence():
    assert steps(replace(RUNNING, is_unknown=True, has_output=True), seen(Phase.ENDED)) == [
        MarkUnknown(False),
        End(AttemptStatus.SUCCEEDED, None, ""),
    ]
