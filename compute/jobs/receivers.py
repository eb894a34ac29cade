"""Reactions to what happened: a sweep at once instead of in a few seconds, and the duties of a first use."""

from datetime import datetime

import structlog
from celery import current_app

from compute.jobs.events import HoursFirstUsed, JobStopRequested, JobSubmitted, OutputCommitted
from grants.funding.actions import open_obligations
from grants.funding.models import Pledge
from institute.core.actors import SYSTEM_SWEEP
from institute.core.outbox import Delivery, receives

log = structlog.get_logger(__name__)
SWEEP = "compute.jobs.tasks.task_sweep_jobs"


def nudge_sweep() -> None:
    """Ask for a sweep now. A lost nudge costs seconds: beat asks for one anyway."""
    try:
        current_app.send_task(SWEEP, retry=False)
    except Exception as error:  # noqa: BLE001  (any fault of the broker: beat's next sweep does the work)
        log.warning("sweep_nudge_lost", error=type(error).__name__)


@receives(JobSubmitted, is_effect=True)
def sweep_after_submission(event: JobSubmitted, delivery: Delivery) -> None:
    """Place the new job."""
    nudge_sweep()


@receives(JobStopRequested, is_effect=True)
def sweep_after_stop(event: JobStopRequested, delivery: Delivery) -> None:
    """Pass the stop on."""
    nudge_sweep()


@receives(OutputCommitted, is_effect=True)
def sweep_after_output(event: OutputCommitted, delivery: Delivery) -> None:
    """The job is about to end."""
    nudge_sweep()


@receives(HoursFirstUsed)
def open_duties(event: HoursFirstUsed, delivery: Delivery) -> None:
    """The first used second of (project, pledge) opens an obligation per clause."""
    open_obligations(
        pledge=Pledge.objects.get(public_id=event.pledge_id),
        project_id=event.project_id,
        first_used_at=datetime.fromisoformat(event.first_used_at),
        by=SYSTEM_SWEEP,
    )
