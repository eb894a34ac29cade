from typing import Any

from django.db import models
from django.db.models import Q

from institute.catalog.enums import Attestation
from institute.core.models import AppendOnly, Entity


def measurement(**options: Any) -> Any:
    """A column for a measured value: 18 digits before the point and 18 behind it."""
    return models.DecimalField(max_digits=36, decimal_places=18, **options)


class EvaluationResult(Entity, AppendOnly):
    """One measured value of one revision; `gate` is the condition it had to meet, with its limit.

    Values are decimals as the job wrote them, so that what is shown is what was handed in.
    """

    revision = models.ForeignKey("catalog.Revision", on_delete=models.PROTECT, related_name="results")
    benchmark = models.ForeignKey(
        "catalog.Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="benchmarked"
    )
    task = models.CharField(max_length=200, blank=True)
    metric = models.CharField(max_length=128)
    value = measurement()
    stderr = measurement(null=True, blank=True)
    n = models.BigIntegerField(null=True, blank=True)
    unit = models.CharField(max_length=64, blank=True)
    control = measurement(null=True, blank=True)
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
