"""Core's background work."""

from celery import shared_task

from institute.core import audit, outbox


@shared_task
def task_relay_outbox() -> int:
    """Deliver what the outbox holds."""
    return outbox.relay()


@shared_task
def task_seal_audit() -> int:
    """Append new audit entries to the hash chain."""
    return audit.seal()
