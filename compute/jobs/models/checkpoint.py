import json
from typing import Any

from django.db import models
from django.db.models import Q

from compute.jobs.enums import CheckpointKind
from institute.core.models import AppendOnly, Entity


class JobCheckpoint(Entity, AppendOnly):
    """A manifest that the platform accepted under the fence of its time: durable, and never changed.

    `manifest_text` is its canonical JSON, whose SHA-256 is `manifest_sha256`; a jsonb column would rewrite numbers.
    """

    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, related_name="checkpoints")
    attempt = models.ForeignKey("jobs.Attempt", on_delete=models.PROTECT, related_name="checkpoints")
    fence = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=CheckpointKind.choices)
    step = models.BigIntegerField()
    manifest_sha256 = models.CharField(max_length=64)
    manifest_text = models.TextField()
    location = models.CharField(max_length=512, blank=True)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "fence", "kind", "step"], name="checkpoint_once"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(kind=CheckpointKind.OUTPUT), name="checkpoint_one_output_per_job"
            ),
            models.CheckConstraint(condition=Q(kind__in=CheckpointKind.values), name="checkpoint_kind_known"),
            models.CheckConstraint(condition=Q(step__gte=0, fence__gt=0), name="checkpoint_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.step} ({self.fence})"

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as an object."""
        found: dict[str, Any] = json.loads(self.manifest_text)
        return found
