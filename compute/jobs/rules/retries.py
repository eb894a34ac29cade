"""What follows the end of an attempt: the failure table of KUBERNETES.md as a pure function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from compute.jobs.enums import AttemptStatus, FailureClass, JobStatus

MOST_ATTEMPTS = 10
PREEMPTIONS_A_DAY = 20
DAY = timedelta(days=1)
FIRST_PAUSE_S = 1
LONGEST_PAUSE_S = 600

# None: without limit. Classes that are not named here end the job.
BUDGETS: Mapping[FailureClass, int | None] = {
    FailureClass.QUOTA: None,
    FailureClass.NODE_LOST: 5,
    FailureClass.ACCELERATOR_FAULT: 3,
    FailureClass.NETWORK: 3,
    FailureClass.WINDOW_END: None,
    FailureClass.WITHDRAWN: None,
    FailureClass.CLUSTER_LOST: 3,
    FailureClass.PLATFORM: None,
}
UNCOUNTED = frozenset({FailureClass.PREEMPTED, FailureClass.WINDOW_END, FailureClass.WITHDRAWN, FailureClass.PLATFORM})
AUTOMATIC_REFUND = frozenset(
    {
        FailureClass.NODE_LOST,
        FailureClass.ACCELERATOR_FAULT,
        FailureClass.CLUSTER_LOST,
        FailureClass.PLATFORM,
        FailureClass.WITHDRAWN,
    }
)
_STATUS: Mapping[FailureClass, AttemptStatus] = {
    FailureClass.PREEMPTED: AttemptStatus.EVICTED,
    FailureClass.WINDOW_END: AttemptStatus.EVICTED,
    FailureClass.WITHDRAWN: AttemptStatus.EVICTED,
    FailureClass.NODE_LOST: AttemptStatus.LOST,
    FailureClass.CLUSTER_LOST: AttemptStatus.LOST,
}


def status_of(failure: FailureClass) -> AttemptStatus:
    """The status in which an attempt of this failure ends."""
    return _STATUS.get(failure, AttemptStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Past:
    """An attempt that did not succeed, and when it ended."""

    failure: FailureClass
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Finish:
    """The job is over."""

    status: JobStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Again:
    """A new attempt follows after a pause."""

    pause: timedelta
    reason: str


def after_failure(past: Sequence[Past], *, is_stop_wanted: bool, retries: int) -> Finish | Again:
    """What follows the last of `past`. `retries`: how often the recipe's own failures are tried again."""
    last = past[-1]
    same = [each for each in past if each.failure is last.failure]
    if is_stop_wanted:
        # Who asked for the end gets it, but a failure of the job's own is still called by its name.
        is_own = last.failure not in BUDGETS and last.failure is not FailureClass.PREEMPTED
        return Finish(JobStatus.FAILED, last.failure) if is_own else Finish(JobStatus.CANCELLED, "stopped")
    counted = [each for each in past if each.failure not in UNCOUNTED]
    is_spent = last.failure not in UNCOUNTED and len(counted) >= MOST_ATTEMPTS
    if is_spent or not _is_within_budget(last, same, retries):
        return Finish(JobStatus.FAILED, last.failure)
    return Again(_pause(past), last.failure)


def _is_within_budget(last: Past, same: Sequence[Past], retries: int) -> bool:
    if last.failure is FailureClass.PREEMPTED:
        return sum(each.ended_at > last.ended_at - DAY for each in same) <= PREEMPTIONS_A_DAY
    if last.failure is FailureClass.USER_CODE:
        return len(same) <= retries
    if last.failure not in BUDGETS:
        return False
    budget = BUDGETS[last.failure]
    return budget is None or len(same) <= budget


def _pause(past: Sequence[Past]) -> timedelta:
    """None after an interruption; else doubling with each failure of the same class in a row."""
    last = past[-1].failure
    if last in UNCOUNTED - {FailureClass.PLATFORM}:
        return timedelta(0)
    row = 0
    for each in reversed(past):
        if each.failure is not last:
            break
        row += 1
    return timedelta(seconds=min(FIRST_PAUSE_S * 2 ** (row - 1), LONGEST_PAUSE_S))
