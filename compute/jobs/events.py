"""What happened to jobs."""

from dataclasses import dataclass

from institute.core.outbox import Event


@dataclass(frozen=True, slots=True)
class JobSubmitted(Event):
    """A job has its hours held and waits."""

    job_id: str
    project_id: str
    recipe: str


@dataclass(frozen=True, slots=True)
class JobStopRequested(Event):
    """A person asked a job to stop."""

    job_id: str


@dataclass(frozen=True, slots=True)
class AttemptStarted(Event):
    """An attempt's training runs."""

    job_id: str
    attempt_id: str


@dataclass(frozen=True, slots=True)
class AttemptEnded(Event):
    """An attempt is over; `failure_class` is "" after success and after a stop that was asked for."""

    job_id: str
    attempt_id: str
    failure_class: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class HoursFirstUsed(Event):
    """An attempt captured its first seconds of a pledge; `first_used_at` is an ISO instant."""

    job_id: str
    attempt_id: str
    project_id: str
    pledge_id: str
    first_used_at: str


@dataclass(frozen=True, slots=True)
class OutputCommitted(Event):
    """The platform accepted a job's output."""

    job_id: str
    attempt_id: str
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class JobEnded(Event):
    """A job is over: `status` is succeeded, failed or cancelled; nothing is held for it any more."""

    job_id: str
    status: str
