from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compute.allocations.enums import ALLOCATION_TRANSITIONS, AllocationStatus
from compute.allocations.models.project import Project
from compute.allocations.models.request import Request
from institute.core.enums import Transitions
from institute.core.models import Entity


class Allocation(Entity):
    """A basket of sources granted to a project for a time. How much is in it is read from the ledger."""

    transitions: ClassVar[Transitions[AllocationStatus]] = ALLOCATION_TRANSITIONS

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="allocations", verbose_name=_("project")
    )
    request = models.OneToOneField(
        Request, on_delete=models.PROTECT, related_name="allocation", verbose_name=_("request")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), default=50)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    is_renewable = models.BooleanField(_("renewable"), default=True)
    status = models.CharField(
        _("status"), max_length=16, choices=AllocationStatus.choices, default=AllocationStatus.ACTIVE
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(priority__lte=100), name="allocation_priority_range"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="allocation_window"),
            models.CheckConstraint(condition=Q(status__in=AllocationStatus.values), name="allocation_status_known"),
        ]
        indexes = [models.Index(fields=["project", "-id"], name="allocation_project_newest")]

    def __str__(self) -> str:
        return f"{self.project} {self.starts_at:%Y-%m-%d}–{self.ends_at:%Y-%m-%d}"


class AllocationSource(Entity):
    """What one pledge gives to one allocation. One donor's hours never become another's."""

    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="sources")
    pledge = models.ForeignKey(
        "funding.Pledge", on_delete=models.PROTECT, related_name="allocation_sources", verbose_name=_("pledge")
    )
    draw_rank = models.PositiveSmallIntegerField(_("draw rank"), null=True, blank=True)
    locked_reason = models.CharField(_("locked because"), max_length=300, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["allocation", "pledge"], name="allocation_source_once_per_pledge"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="allocation_source_window"),
        ]

    def __str__(self) -> str:
        return f"{self.pledge} → {self.allocation}"
