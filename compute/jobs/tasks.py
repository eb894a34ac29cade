"""Background work of jobs."""

from celery import shared_task

from compute.jobs.actions import sweep_jobs


@shared_task
def task_sweep_jobs() -> int:
    """Everything that must happen to jobs by itself; the number of attempts looked after."""
    return sweep_jobs().tended
