"""Fills jobs' port for a job's environment: how its training reports to our own intake."""

from typing import TYPE_CHECKING

from django.conf import settings

from compute.tracking.trackers.base import TrackedJob
from compute.tracking.trackers.institute import InstituteTracker

if TYPE_CHECKING:
    from compute.jobs.models import Attempt, Job


def tracker() -> InstituteTracker:
    """The institute's own tracker at the platform's address."""
    return InstituteTracker(f"{settings.PLATFORM_URL}/wandb")


def environment_of(job: "Job", attempt: "Attempt", token: str) -> dict[str, str]:
    """The SDK's variables. Folders are the wrapper's matter; the entity and names are overridden at init anyway."""
    tracked = TrackedJob(job_id=job.public_id, entity=job.project.handle, project=job.recipe, key=token)
    return tracker().environment(tracked)
