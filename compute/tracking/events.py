"""What happened to runs."""

from dataclasses import dataclass

from institute.core.outbox import Event


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run gave its first sign; `job_id` is "" outside a job."""

    run_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """A run is over: `status` is finished, failed, crashed, preempted or stopped."""

    run_id: str
    job_id: str
    status: str
