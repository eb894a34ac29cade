from django.db import models
from django.db.models import Q


class PodLog(models.Model):
    """Bytes `offset` … `offset + size` of what one pod of an attempt printed, as they came."""

    attempt = models.ForeignKey("jobs.Attempt", on_delete=models.PROTECT, related_name="log_parts")
    holder = models.CharField(max_length=64)
    offset = models.BigIntegerField()
    size = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "holder", "offset"], name="log_part_once"),
            models.CheckConstraint(condition=Q(offset__gte=0, size__gt=0), name="log_part_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}@{self.offset}"
