from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from institute.core.models import Entity
from institute.people.enums import Role


class RoleGrant(Entity):
    """A role that a person holds for a time; ended, never deleted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="role_grants")
    role = models.CharField(max_length=32, choices=Role.choices)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(ends_at__isnull=True), name="role_grant_open_once"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_grant_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="role_grant_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"
