"""What runs do when jobs change, and when they end themselves."""

from compute.jobs.events import AttemptEnded, JobEnded, JobStopRequested, JobSubmitted
from compute.jobs.models import Attempt, Job
from compute.tracking.actions.compaction import compact_run
from compute.tracking.actions.lifecycle import ensure_run_of_job, settle_by_attempt, settle_by_job, stop_run
from compute.tracking.events import RunEnded
from compute.tracking.models import Run
from institute.core.actors import SYSTEM_RELAY
from institute.core.outbox import Delivery, receives


@receives(JobSubmitted)
def make_run(event: JobSubmitted, delivery: Delivery) -> None:
    """Every job has a run from the start, so that its page has a place for curves."""
    ensure_run_of_job(job=Job.objects.get(public_id=event.job_id), by=SYSTEM_RELAY)


@receives(JobStopRequested)
def ask_run_to_stop(event: JobStopRequested, delivery: Delivery) -> None:
    """The training hears it with the answer to its next post."""
    job = Job.objects.get(public_id=event.job_id)
    stop_run(run=ensure_run_of_job(job=job, by=SYSTEM_RELAY), by=SYSTEM_RELAY, now=delivery.published_at)


@receives(AttemptEnded)
def settle_attempt(event: AttemptEnded, delivery: Delivery) -> None:
    """The process is gone; the exit code that the cluster saw stands."""
    attempt = Attempt.objects.select_related("job").get(public_id=event.attempt_id)
    settle_by_attempt(attempt=attempt, by=SYSTEM_RELAY, now=delivery.published_at)


@receives(JobEnded)
def settle_job(event: JobEnded, delivery: Delivery) -> None:
    """Nothing more will come."""
    settle_by_job(job=Job.objects.get(public_id=event.job_id), by=SYSTEM_RELAY, now=delivery.published_at)


@receives(RunEnded, is_effect=True)
def compact(event: RunEnded, delivery: Delivery) -> None:
    """Make the ended run quick to read. Doing it again changes nothing."""
    compact_run(run=Run.objects.get(public_id=event.run_id))
