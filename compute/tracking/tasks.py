"""Background work of tracking."""

from celery import shared_task

from compute.tracking.actions.compaction import compact_run
from compute.tracking.actions.lifecycle import sweep_lost_runs
from compute.tracking.models import Run


@shared_task
def task_sweep_lost_runs() -> int:
    """Find runs that fell silent."""
    return sweep_lost_runs()


@shared_task
def task_compact_run(public_id: str) -> int:
    """Merge a growing run's small chunks."""
    return compact_run(run=Run.objects.get(public_id=public_id))
