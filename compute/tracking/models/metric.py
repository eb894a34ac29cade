from django.db import models
from django.db.models import F, Q

from compute.tracking.enums import Encoding, Stream, ValueKind
from compute.tracking.models.run import Run
from compute.tracking.models.writer import RunWriter


class MetricKey(models.Model):
    """A named series of one stream of a run, with its figures over everything shown.

    `last`, `low` and `high` are over finite numbers; None for series of objects.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="keys")
    stream = models.CharField(max_length=8, choices=Stream.choices)
    name = models.CharField(max_length=1000)
    kind = models.CharField(max_length=8, choices=ValueKind.choices)
    last = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.BigIntegerField(default=0)
    step_metric = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "stream", "name"], name="metric_key_once"),
            models.CheckConstraint(condition=Q(stream__in=Stream.values), name="metric_key_stream_known"),
            models.CheckConstraint(condition=Q(kind__in=ValueKind.values), name="metric_key_kind_known"),
            models.CheckConstraint(condition=Q(n__gte=0), name="metric_key_count_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class MetricChunk(models.Model):
    """Consecutive points of one key from one writer (see `models/encoding.py` for the bytes).

    Level 0 holds the points: `lines` are the writer's own line numbers, `steps` the run's `_step`s; each is
    None when arithmetic between its ends. Level 1 sums up 64 points each: `vals` are first, low, high, last.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="chunks")
    writer = models.ForeignKey(RunWriter, on_delete=models.PROTECT, related_name="chunks")
    key = models.ForeignKey(MetricKey, on_delete=models.PROTECT, related_name="chunks")
    level = models.SmallIntegerField(default=0)
    encoding = models.CharField(max_length=4, choices=Encoding.choices)
    n = models.IntegerField()
    line0 = models.BigIntegerField()
    line1 = models.BigIntegerField()
    step0 = models.BigIntegerField()
    step1 = models.BigIntegerField()
    t0 = models.FloatField(null=True)
    t1 = models.FloatField(null=True)
    vmin = models.FloatField(null=True)
    vmax = models.FloatField(null=True)
    lines = models.BinaryField(null=True)
    steps = models.BinaryField(null=True)
    vals = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "level", "writer", "line0"], name="metric_chunk_once"),
            models.CheckConstraint(condition=Q(level__in=[0, 1]), name="metric_chunk_level_known"),
            models.CheckConstraint(condition=Q(encoding__in=Encoding.values), name="metric_chunk_encoding_known"),
            models.CheckConstraint(condition=Q(n__gt=0, line1__gte=F("line0")), name="metric_chunk_holds_something"),
        ]
        indexes = [models.Index(fields=["writer", "line1"], name="metric_chunk_lines")]

    def __str__(self) -> str:
        return f"{self.key} {self.line0}–{self.line1}"
