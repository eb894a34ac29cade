"""Decisions that belong to no single app."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from institute.core import audit, outbox
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.models import OutboxMessage


def retry_letter(*, message: OutboxMessage, by: Actor) -> None:
    """Deliver a dead letter again from now."""
    with transaction.atomic():
        outbox.retry_dead_letter(message.pk, now=timezone.now())
        audit.record(by=by, action="outbox.retry", subject=message, details={"event": message.event_id})


def discard_letter(*, message: OutboxMessage, by: Actor, reason: str) -> None:
    """Give a dead letter up; the row stays and what follows it goes on. Raises Refused without a reason."""
    if not reason.strip():
        raise Refused(_("Giving a message up needs a reason."), field="reason", rule="reason")
    with transaction.atomic():
        outbox.discard_dead_letter(message.pk)
        details = {"event": message.event_id, "reason": reason}
        audit.record(by=by, action="outbox.discard", subject=message, details=details)
