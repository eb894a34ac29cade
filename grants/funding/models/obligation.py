from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grants.funding.enums import OBLIGATION_TRANSITIONS, ObligationKind, ObligationStatus
from grants.funding.models.pledge import Pledge
from grants.funding.models.restriction import Restriction
from institute.core.enums import Transitions
from institute.core.models import Entity


class Obligation(Entity):
    """Something owed to a donor by a day. `subject` is the public id of what owes it (a project), and `evidence`
    the public id of what fulfilled it (a revision); both opaque here."""

    transitions: ClassVar[Transitions[ObligationStatus]] = OBLIGATION_TRANSITIONS

    pledge = models.ForeignKey(Pledge, on_delete=models.PROTECT, related_name="obligations")
    restriction = models.ForeignKey(
        Restriction, on_delete=models.PROTECT, null=True, blank=True, related_name="obligations"
    )
    subject = models.CharField(max_length=26, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=ObligationKind.choices)
    text = models.TextField(blank=True)
    due_on = models.DateField(_("due"))
    grace_days = models.PositiveIntegerField(default=30)
    evidence = models.CharField(max_length=64, blank=True)
    evidence_label = models.CharField(max_length=200, blank=True)
    evidence_url = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=16, choices=ObligationStatus.choices, default=ObligationStatus.SCHEDULED)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["restriction", "subject"],
                condition=Q(restriction__isnull=False),
                name="obligation_once_per_subject",
            ),
            models.CheckConstraint(condition=Q(kind__in=ObligationKind.values), name="obligation_kind_known"),
            models.CheckConstraint(condition=Q(status__in=ObligationStatus.values), name="obligation_status_known"),
            models.CheckConstraint(
                condition=~Q(status__in=[ObligationStatus.SUBMITTED, ObligationStatus.ACCEPTED]) | ~Q(evidence=""),
                name="obligation_evidence_when_submitted",
            ),
        ]
        indexes = [models.Index(fields=["status", "due_on"], name="obligation_by_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on}"

    def is_overdue(self, today: date) -> bool:
        """True once the day has passed and nothing was handed in."""
        return self.status in {ObligationStatus.SCHEDULED, ObligationStatus.DUE} and self.due_on < today
