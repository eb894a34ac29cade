"""Background work of tracking."""

from celery import shared_task

from compute.tracking.actions.lifecycle import sweep_lost_runs


@shared_task
def task_sweep_lost_runs() -> int:
    """Find runs that fell silent."""
    return sweep_lost_runs()
