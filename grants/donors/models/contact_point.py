from django.db import models
from django.db.models import Q

from grants.donors.enums import ContactChannel
from grants.donors.models.donor import Donor
from institute.core.models import Entity


class ContactPoint(Entity):
    """A way to reach a donor."""

    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="contact_points")
    channel = models.CharField(max_length=16, choices=ContactChannel.choices)
    value = models.CharField(max_length=320)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["donor", "channel", "value"], name="contact_point_once"),
            models.CheckConstraint(condition=Q(channel__in=ContactChannel.values), name="contact_channel_known"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.donor_id}"
