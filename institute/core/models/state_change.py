from django.db import models
from django.utils import timezone

from institute.core.models.entity import AppendOnly


class StateChange(AppendOnly):
    """One step of one object's status: the history that every status has."""

    subject_kind = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=64)
    field = models.CharField(max_length=32, default="status")
    from_status = models.CharField(max_length=32, blank=True)
    to_status = models.CharField(max_length=32)
    reason = models.TextField(blank=True)
    happened_at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id", "id"], name="state_change_subject")]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}: {self.from_status} → {self.to_status}"
