"""What time does to pledges and duties."""

from celery import shared_task
from django.utils import timezone

from grants.funding import actions
from institute.core.actors import SYSTEM_SWEEP


@shared_task
def task_activate_due_pledges() -> int:
    """Open the pledges whose window has begun."""
    return actions.activate_due_pledges(by=SYSTEM_SWEEP)


@shared_task
def task_mark_due() -> int:
    """Mark duties whose day has come."""
    return actions.mark_due(today=timezone.now().date(), by=SYSTEM_SWEEP)
