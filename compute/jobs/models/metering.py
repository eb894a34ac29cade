from django.db import models
from django.db.models import F, Q

from compute.jobs.enums import SLICE_TRANSITIONS, Evidence, SliceStatus
from institute.core.models import Entity


class PodSegment(models.Model):
    """One stretch of one pod's life: what metering charges. Observations only extend or close it.

    `seen_at` is how far its use is proved while it has no end.
    """

    cluster = models.ForeignKey("capacity.Cluster", on_delete=models.PROTECT, related_name="+")
    pod_uid = models.CharField(max_length=64)
    segment = models.IntegerField(default=0)
    attempt = models.ForeignKey("jobs.Attempt", on_delete=models.PROTECT, related_name="segments")
    index = models.IntegerField()
    node = models.CharField(max_length=128, blank=True)
    accelerators = models.IntegerField()
    scheduled_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    evidence = models.CharField(max_length=16, choices=Evidence.choices, default=Evidence.OBSERVED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "pod_uid", "segment"], name="segment_once"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="segment_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(accelerators__gt=0, index__gte=0), name="segment_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.pod_uid}/{self.segment}"


class UsageSlice(Entity):
    """What an attempt used in one cell of time: written once, with its CAPTURE, in one transaction.

    Two CHECKs hold it inside its cell and its arithmetic; they stand in the migration, because the
    cell's length is the SQL function `jobs_cell_seconds()`.
    """

    transitions = SLICE_TRANSITIONS

    attempt = models.ForeignKey("jobs.Attempt", on_delete=models.PROTECT, related_name="slices")
    slice_no = models.BigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    idle_seconds = models.IntegerField(default=0)
    accelerators = models.IntegerField()
    accelerator_seconds = models.BigIntegerField()
    overrun_seconds = models.BigIntegerField(default=0)
    evidence = models.CharField(max_length=16, choices=Evidence.choices)
    status = models.CharField(max_length=16, choices=SliceStatus.choices, default=SliceStatus.PROVISIONAL)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "slice_no"], name="slice_once"),
            models.CheckConstraint(condition=Q(status__in=SliceStatus.values), name="slice_status_known"),
            models.CheckConstraint(
                condition=Q(overrun_seconds__gte=0, overrun_seconds__lte=F("accelerator_seconds")),
                name="slice_overrun_within",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.slice_no}"
