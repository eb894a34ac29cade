from django.db import models
from django.db.models import Q

from institute.catalog.enums import Attestation
from institute.core.models import AppendOnly, Entity


class EvaluationResult(Entity, AppendOnly):
    """One measured value of one revision; `gate` is the condition it had to meet, with its limit.

    Values are floats because they are measurements; nothing is counted or paid by them.
    """

    revision = models.ForeignKey("catalog.Revision", on_delete=models.PROTECT, related_name="results")
    benchmark = models.ForeignKey(
        "catalog.Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="benchmarked"
    )
    task = models.CharField(max_length=200, blank=True)
    metric = models.CharField(max_length=128)
    value = models.FloatField()
    stderr = models.FloatField(null=True, blank=True)
    n = models.BigIntegerField(null=True, blank=True)
    unit = models.CharField(max_length=64, blank=True)
    control = models.FloatField(null=True, blank=True)
    run = models.ForeignKey("tracking.Run", on_delete=models.PROTECT, null=True, blank=True, related_name="results")
    attestation = models.CharField(max_length=16, choices=Attestation.choices)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(attestation__in=Attestation.values), name="evaluation_attestation_known"
            ),
        ]
        indexes = [models.Index(fields=["revision", "id"], name="evaluation_of_revision")]

    def __str__(self) -> str:
        return f"{self.metric} {self.value}"
