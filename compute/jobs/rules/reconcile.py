"""What to do about one attempt: a pure function (desired, observed, now) → steps.

Every step may be repeated and every answer may be lost: the next round compares again. What a place
reports is evidence; what we want stands in our rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from compute.jobs.backends.base import Observation, Phase
from compute.jobs.enums import ATTEMPT_OVER, PROGRESS, AttemptStatus, FailureClass
from compute.jobs.rules.retries import status_of

FORCE_AFTER = timedelta(seconds=60)
UNKNOWN_AFTER = timedelta(minutes=2)
NO_OUTPUT = "no-output"
STOPPED = "stopped"
FORGOTTEN = "forgotten"
WAITED_TOO_LONG = "waited-too-long"


@dataclass(frozen=True, slots=True)
class Desired:
    """One attempt as our rows have it. `gives_up_at` counts only before the job's first start."""

    status: AttemptStatus
    is_placed: bool
    is_stop_wanted: bool = False
    stop_sent_at: datetime | None = None
    grace_s: int = 30
    has_output: bool = False
    last_seen_at: datetime | None = None
    is_unknown: bool = False
    gives_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """Ask the place for the attempt, by its name: it starts it once or hands over the one it has."""


@dataclass(frozen=True, slots=True)
class Advance:
    """The attempt was seen further on its way."""

    to: AttemptStatus


@dataclass(frozen=True, slots=True)
class MarkUnknown:
    """Nobody knows how the attempt is; it stays what it was."""

    is_unknown: bool


@dataclass(frozen=True, slots=True)
class SendStop:
    """Ask the attempt to checkpoint and end."""


@dataclass(frozen=True, slots=True)
class ForceDelete:
    """It was asked and did not end in time."""


@dataclass(frozen=True, slots=True)
class End:
    """The attempt is over; `failure` is None after success and after a stop that was asked for."""

    status: AttemptStatus
    failure: FailureClass | None
    reason: str


Step = Create | Advance | MarkUnknown | SendStop | ForceDelete | End

_SEEN = {
    Phase.PENDING: AttemptStatus.SUBMITTED,
    Phase.STARTING: AttemptStatus.STARTING,
    Phase.RUNNING: AttemptStatus.RUNNING,
}


def reconcile(desired: Desired, observed: Observation | None, now: datetime) -> list[Step]:
    """The steps that bring the place and our rows together; `observed` None: the place did not answer."""
    if desired.status in ATTEMPT_OVER:
        return []
    if not desired.is_placed:
        return _unplaced(desired, now)
    if observed is None or observed.phase is Phase.UNKNOWN:
        return [*unanswered(desired, now)]
    seen: list[Step] = [MarkUnknown(False)] if desired.is_unknown else []
    if observed.phase is Phase.ABSENT:
        return [*seen, _absent(desired)]
    if observed.phase is Phase.ENDED:
        return [*seen, verdict(desired, observed)]
    to = _SEEN[observed.phase]
    if PROGRESS[to] > PROGRESS[desired.status]:
        seen.append(Advance(to))
    return seen + _stop(desired, now)


def _unplaced(desired: Desired, now: datetime) -> list[Step]:
    if desired.is_stop_wanted:
        return [End(AttemptStatus.CANCELLED, None, STOPPED)]
    if desired.gives_up_at is not None and now >= desired.gives_up_at:
        return [End(AttemptStatus.CANCELLED, None, WAITED_TOO_LONG)]
    return []


def unanswered(desired: Desired, now: datetime) -> list[MarkUnknown]:
    """Short silences are nothing; a longer one is shown. The lease keeps a stray attempt from committing."""
    is_long = desired.last_seen_at is None or now - desired.last_seen_at >= UNKNOWN_AFTER
    return [MarkUnknown(True)] if is_long and not desired.is_unknown else []


def _absent(desired: Desired) -> Step:
    if desired.has_output:
        return End(AttemptStatus.SUCCEEDED, None, "")
    if desired.is_stop_wanted:
        return End(AttemptStatus.CANCELLED, None, STOPPED)
    if PROGRESS[desired.status] < PROGRESS[AttemptStatus.STARTING]:
        return Create()
    return End(AttemptStatus.LOST, FailureClass.NODE_LOST, FORGOTTEN)


def _stop(desired: Desired, now: datetime) -> list[Step]:
    if not desired.is_stop_wanted:
        return []
    if desired.stop_sent_at is None:
        return [SendStop()]
    if now >= desired.stop_sent_at + FORCE_AFTER + timedelta(seconds=desired.grace_s):
        return [ForceDelete()]
    return []


def verdict(desired: Desired, observed: Observation) -> End:
    """How an attempt of which nothing runs any more ended.

    What the platform accepted counts before how the process ended: an attempt whose output is accepted has
    done its work, and one that says it is done without an output has not.
    """
    if desired.has_output:
        return End(AttemptStatus.SUCCEEDED, None, "")
    if observed.failure_class is not None:
        failure = FailureClass(observed.failure_class)
        return End(status_of(failure), failure, observed.reason)
    if observed.exit_code == 0 and not desired.is_stop_wanted:
        return End(AttemptStatus.FAILED, FailureClass.USER_CODE, NO_OUTPUT)
    if desired.is_stop_wanted:
        return End(AttemptStatus.CANCELLED, None, STOPPED)
    # Stopped, but by nobody whom we know of: an interruption like any other.
    return End(AttemptStatus.EVICTED, FailureClass.PREEMPTED, observed.reason)
