from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from grants.donors.models.donor import Donor
from institute.core.models import Entity


class PortalAccess(Entity):
    """A user who may see a donor's pledges."""

    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="portal_accesses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="portal_accesses")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["donor", "user"], condition=Q(ends_at__isnull=True), name="portal_access_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="portal_access_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} × {self.donor_id}"
