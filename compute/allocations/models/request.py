from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compute.allocations.enums import REQUEST_TRANSITIONS, REQUEST_WAITING, RequestKind, RequestStatus
from compute.allocations.models.project import Project
from compute.capacity.models import AcceleratorType
from institute.core.enums import Transitions
from institute.core.models import Entity


class Request(Entity):
    """A project asks for hours. Each revision has its own lines; what the lead declares holds for all of them."""

    transitions: ClassVar[Transitions[RequestStatus]] = REQUEST_TRANSITIONS

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="requests", verbose_name=_("project"))
    kind = models.CharField(_("kind"), max_length=16, choices=RequestKind.choices, default=RequestKind.NEW)
    revision = models.PositiveSmallIntegerField(_("revision"), default=1)
    justification = models.TextField(_("what the hours are for"), max_length=10_000)
    output_licence = models.CharField(_("licence of the results"), max_length=64, blank=True)
    accepts_publishing = models.BooleanField(_("results will be published"), default=False)
    status = models.CharField(_("status"), max_length=16, choices=RequestStatus.choices, default=RequestStatus.DRAFT)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RequestKind.values), name="request_kind_known"),
            models.CheckConstraint(condition=Q(status__in=RequestStatus.values), name="request_status_known"),
            models.CheckConstraint(condition=Q(revision__gte=1), name="request_revision_positive"),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True, submitted_by="")
                | (Q(submitted_at__isnull=False) & ~Q(submitted_by="")),
                name="request_submitted_at_and_by",
            ),
            models.CheckConstraint(
                condition=(
                    Q(status__in=[RequestStatus.APPROVED, RequestStatus.DECLINED], decided_at__isnull=False)
                    & ~Q(decided_by="")
                )
                | (
                    ~Q(status__in=[RequestStatus.APPROVED, RequestStatus.DECLINED])
                    & Q(decided_at__isnull=True, decided_by="")
                ),
                name="request_decided_at_and_by",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="request_status_newest"),
            models.Index(
                fields=["submitted_at", "id"], condition=Q(status__in=REQUEST_WAITING), name="request_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.project}"

    @property
    def current_lines(self) -> "models.QuerySet[RequestLine, Any]":
        """The lines of the present revision, in order."""
        return self.lines.filter(revision=self.revision).order_by("position")


class RequestLine(Entity):
    """One type of accelerator with the calculation behind its amount; frozen once submitted (a trigger)."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="lines")
    revision = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    type = models.ForeignKey(
        AcceleratorType, on_delete=models.PROTECT, related_name="request_lines", verbose_name=_("accelerator type")
    )
    alternatives = models.ManyToManyField(AcceleratorType, related_name="+", blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    is_interruptible = models.BooleanField(_("may be interrupted"), default=False)
    runs = models.PositiveIntegerField(_("runs"))
    accelerators = models.PositiveIntegerField(_("accelerators per run"))
    hours = models.DecimalField(_("hours per run"), max_digits=9, decimal_places=2)
    amount_requested = models.BigIntegerField()
    amount_recommended = models.BigIntegerField(null=True, blank=True)
    amount_awarded = models.BigIntegerField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "revision", "position"], name="request_line_position_once"),
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="request_line_window"),
            models.CheckConstraint(condition=Q(amount_requested__gt=0), name="request_line_amount_positive"),
            models.CheckConstraint(
                condition=Q(amount_requested=F("runs") * F("accelerators") * F("hours") * 3600),
                name="request_line_amount_is_calculated",
            ),
            models.CheckConstraint(
                condition=Q(amount_awarded__isnull=True)
                | Q(amount_awarded__gte=0, amount_awarded__lte=F("amount_requested")),
                name="request_line_awarded_at_most_requested",
            ),
            models.CheckConstraint(
                condition=Q(amount_recommended__isnull=True)
                | Q(amount_recommended__gte=0, amount_recommended__lte=F("amount_requested")),
                name="request_line_recommended_at_most_requested",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request}: {self.type}"
