from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from grants.donors.enums import ConsentPurpose
from grants.donors.models.donor import Donor
from institute.core.models import Entity


class Consent(Entity):
    """What a donor agreed to, since when and from where we know."""

    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=16, choices=ConsentPurpose.choices)
    source = models.CharField(max_length=200)
    granted_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["donor", "purpose"], condition=Q(withdrawn_at__isnull=True), name="consent_open_once"
            ),
            models.CheckConstraint(condition=Q(purpose__in=ConsentPurpose.values), name="consent_purpose_known"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("granted_at")),
                name="consent_withdrawn_after_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.donor_id}"
