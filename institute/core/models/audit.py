from django.db import models
from django.utils import timezone

from institute.core.ids import ULID_LENGTH, new_ulid
from institute.core.models.entity import AppendOnly


class AuditEntry(AppendOnly):
    """Who did what to which object, when. `details` holds ids and figures only, no personal data."""

    public_id = models.CharField(max_length=ULID_LENGTH, unique=True, default=new_ulid, editable=False)
    happened_at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=64)
    person = models.CharField(max_length=ULID_LENGTH, blank=True)
    action = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=64)
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="audit_subject"),
            models.Index(fields=["action", "id"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_kind} {self.subject_id}"


class AuditSeal(AppendOnly):
    """The hash chain over the entries, in the order of sealing: hash = sha256(previous hash ‖ text of the entry)."""

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="seal")
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(position__gte=1), name="audit_seal_position")]

    def __str__(self) -> str:
        return f"{self.position}"
