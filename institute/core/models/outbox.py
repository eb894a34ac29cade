from django.db import models
from django.db.models import Q
from django.utils import timezone

from institute.core.enums import OutboxStatus
from institute.core.ids import ULID_LENGTH


class OutboxMessage(models.Model):
    """One event on its way to one receiver, written in the transaction of the action that published it."""

    event_id = models.CharField(max_length=ULID_LENGTH)
    topic = models.CharField(max_length=120)
    subject = models.CharField(max_length=64)
    receiver = models.CharField(max_length=160)
    payload = models.JSONField()
    by = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=16, choices=OutboxStatus.choices, default=OutboxStatus.PENDING)
    published_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    tries = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "receiver"], name="outbox_once_per_receiver"),
            models.CheckConstraint(condition=Q(status__in=OutboxStatus.values), name="outbox_status_known"),
            models.CheckConstraint(
                condition=Q(status=OutboxStatus.DELIVERED, delivered_at__isnull=False)
                | (~Q(status=OutboxStatus.DELIVERED) & Q(delivered_at__isnull=True)),
                name="outbox_delivered_has_instant",
            ),
        ]
        indexes = [
            models.Index(
                fields=["receiver", "subject", "id"],
                condition=Q(status__in=[OutboxStatus.PENDING, OutboxStatus.DEAD]),
                name="outbox_open",
            ),
            models.Index(fields=["next_try_at"], condition=Q(status=OutboxStatus.PENDING), name="outbox_due"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} → {self.receiver}"
