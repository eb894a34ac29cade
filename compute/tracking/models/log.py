from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from compute.tracking.models.run import Run
from compute.tracking.models.writer import RunWriter

BLOCK = 256


class LogChunk(models.Model):
    """A block of 256 console lines of one writer; `block0` is the number of its first line."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="log_chunks")
    writer = models.ForeignKey(RunWriter, on_delete=models.PROTECT, related_name="log_chunks")
    block0 = models.BigIntegerField()
    lines = ArrayField(models.TextField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "writer", "block0"], name="log_chunk_once"),
            models.CheckConstraint(condition=Q(lines__len__lte=BLOCK), name="log_chunk_is_a_block"),
        ]

    def __str__(self) -> str:
        return f"{self.run} from line {self.block0}"
