from django.db import models
from django.db.models import Q

from compute.tracking.models.run import Run


class RunWriter(models.Model):
    """One process that sends a run's lines: a part of the run.

    The SDK numbers lines by offsets; `base_*` is the offset of this part's first line (None: the next line of
    that stream sets it), `lines_*` how many lines are held, `first_*` the time in the first line, by which a
    part is known again when it is sent anew. `step_shift` is added to every `_step` that the process gives.
    The writer with the highest `turn` is the one that posts without a client id belong to.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="writers")
    client_id = models.CharField(max_length=128, blank=True)
    part = models.IntegerField()
    turn = models.IntegerField()
    attempt = models.ForeignKey("jobs.Attempt", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    label = models.CharField(max_length=128, blank=True)
    base_history = models.BigIntegerField(null=True)
    base_events = models.BigIntegerField(null=True)
    base_output = models.BigIntegerField(null=True)
    first_history = models.CharField(max_length=64, blank=True)
    first_events = models.CharField(max_length=64, blank=True)
    first_output = models.CharField(max_length=64, blank=True)
    lines_history = models.BigIntegerField(default=0)
    lines_events = models.BigIntegerField(default=0)
    lines_output = models.BigIntegerField(default=0)
    missing_lines = models.BigIntegerField(default=0)
    step_shift = models.BigIntegerField(default=0)
    last_step = models.BigIntegerField(default=-1)
    is_opening = models.BooleanField(default=True)
    is_resuming = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "client_id", "part"], name="run_writer_once"),
            models.CheckConstraint(
                condition=Q(lines_history__gte=0, lines_events__gte=0, lines_output__gte=0, missing_lines__gte=0),
                name="run_writer_counts_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} part {self.part}"
