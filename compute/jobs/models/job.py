from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from compute.jobs.enums import JOB_OVER, JOB_TRANSITIONS, JobStatus
from institute.core.ids import ULID_LENGTH
from institute.core.models import Entity


class Job(Entity):
    """What a person asked to be trained, on which hours, and how it stands.

    Everything a recipe said at submission is frozen here (inputs, command, resources, hashes): later
    versions of the recipe never reinterpret it. `fence_counter` and `hold_count` only rise; `gives_up_at` is
    until when it waits for its first start.
    """

    transitions = JOB_TRANSITIONS

    project = models.ForeignKey("allocations.Project", on_delete=models.PROTECT, related_name="jobs")
    allocation = models.ForeignKey("allocations.Allocation", on_delete=models.PROTECT, related_name="jobs")
    name = models.CharField(_("name"), max_length=120)
    submitted_by = models.CharField(max_length=ULID_LENGTH, blank=True)
    recipe = models.CharField(_("recipe"), max_length=64)
    recipe_version = models.IntegerField()
    code_sha256 = models.CharField(max_length=64)
    environment = models.CharField(max_length=64)
    image_digest = models.CharField(max_length=80)
    inputs = models.JSONField()
    command = models.JSONField()
    resources = models.JSONField()
    accelerator_type = models.ForeignKey("capacity.AcceleratorType", on_delete=models.PROTECT, related_name="+")
    accelerators = models.IntegerField()
    wall_limit_s = models.IntegerField()
    estimate_seconds = models.BigIntegerField()
    hold_count = models.IntegerField(default=0)
    fence_counter = models.BigIntegerField(default=0)
    status = models.CharField(max_length=16, choices=JobStatus.choices, default=JobStatus.WAITING)
    reason = models.CharField(max_length=64, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_requested_by = models.CharField(max_length=64, blank=True)
    stop_reason = models.TextField(blank=True)
    gives_up_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=JobStatus.values), name="job_status_known"),
            models.CheckConstraint(condition=Q(accelerators__gt=0, wall_limit_s__gt=0), name="job_asks_for_something"),
            models.CheckConstraint(
                condition=Q(status__in=JOB_OVER, ended_at__isnull=False)
                | (~Q(status__in=JOB_OVER) & Q(ended_at__isnull=True)),
                name="job_over_has_instant",
            ),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="job_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(stop_requested_at__isnull=True, stop_requested_by="")
                | (Q(stop_requested_at__isnull=False) & ~Q(stop_requested_by="")),
                name="job_stop_has_author",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-id"], name="job_project"),
            models.Index(fields=["allocation", "-id"], name="job_allocation"),
            models.Index(fields=["status", "-id"], name="job_status"),
            models.Index(fields=["submitted_by", "-id"], name="job_submitter"),
        ]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The job's page."""
        return reverse("jobs:job-detail", kwargs={"public_id": self.public_id})

    @property
    def is_over(self) -> bool:
        """Nothing will happen to it any more."""
        return self.status in JOB_OVER

    @property
    def hold_seconds(self) -> int:
        """Accelerator-seconds that one attempt may use at most: what is held for each."""
        return self.accelerators * self.wall_limit_s

    @property
    def processes(self) -> int:
        """How many pods make its gang."""
        return int(self.resources["processes"])
