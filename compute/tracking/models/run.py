from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from compute.tracking.enums import ENDED, STATE_FOR_SDK, TRANSITIONS, RunStatus
from institute.core.enums import Transitions
from institute.core.models import Entity


class RunProject(Entity):
    """What the SDK calls a project: runs of one project of the institute, or of one person, under a name."""

    project = models.ForeignKey(
        "allocations.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="run_projects"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="run_projects"
    )
    name = models.CharField(_("name"), max_length=128)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(project__isnull=False, user__isnull=True) | Q(project__isnull=True, user__isnull=False),
                name="run_project_has_one_owner",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="run_project_has_name"),
            models.UniqueConstraint(fields=["project", "name"], name="run_project_once_per_project"),
            models.UniqueConstraint(fields=["user", "name"], name="run_project_once_per_user"),
        ]

    def __str__(self) -> str:
        return self.name


class Run(Entity):
    """One training as it describes itself. `name` is the SDK's run id: the job's public id where there is a job.

    `first_part`: parts before it are not shown (a run outside a job that started anew). `next_step` is one
    more than the highest `_step` shown. `values_dropped` counts what was beyond the limits.
    """

    transitions: ClassVar[Transitions[RunStatus]] = TRANSITIONS

    run_project = models.ForeignKey(RunProject, on_delete=models.PROTECT, related_name="runs")
    name = models.CharField(max_length=128)
    job = models.OneToOneField("jobs.Job", on_delete=models.PROTECT, null=True, blank=True, related_name="run")
    allocation = models.ForeignKey(
        "allocations.Allocation", on_delete=models.PROTECT, null=True, blank=True, related_name="runs"
    )
    status = models.CharField(_("status"), max_length=16, choices=RunStatus.choices, default=RunStatus.PENDING)
    display_name = models.CharField(_("name"), max_length=200, blank=True)
    group = models.CharField(max_length=200, blank=True)
    job_type = models.CharField(max_length=200, blank=True)
    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    config = models.JSONField(default=dict, blank=True)
    summary = models.JSONField(default=dict, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    first_part = models.IntegerField(default=0)
    next_step = models.BigIntegerField(default=0)
    values_dropped = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_requested_by = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    branch_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="branches")
    branch_step = models.BigIntegerField(null=True, blank=True)
    foreign_url = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run_project", "name"], name="run_name_once_per_project"),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status_known"),
            models.CheckConstraint(condition=Q(next_step__gte=0, first_part__gte=0), name="run_counts_positive"),
            models.CheckConstraint(
                condition=Q(stop_requested_at__isnull=True, stop_requested_by="")
                | (Q(stop_requested_at__isnull=False) & ~Q(stop_requested_by="")),
                name="run_stop_has_author",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ENDED, finished_at__isnull=False)
                | (~Q(status__in=ENDED) & Q(finished_at__isnull=True)),
                name="run_ended_has_instant",
            ),
        ]
        indexes = [
            models.Index(
                fields=["heartbeat_at"],
                condition=Q(status__in=[RunStatus.RUNNING, RunStatus.LOST]),
                name="run_alive_heartbeat",
            ),
        ]
        verbose_name = _("run")
        verbose_name_plural = _("runs")

    def __str__(self) -> str:
        return self.display_name or self.name

    def get_absolute_url(self) -> str:
        """The run's page."""
        return reverse("tracking:run-detail", kwargs={"public_id": self.public_id})

    @property
    def is_ended(self) -> bool:
        """It said, or we learned, that it is over."""
        return self.status in ENDED

    @property
    def state_for_sdk(self) -> str:
        """The status in the SDK's words."""
        return STATE_FOR_SDK.get(RunStatus(self.status), self.status)
