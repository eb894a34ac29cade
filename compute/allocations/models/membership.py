from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compute.allocations.enums import MemberRole
from compute.allocations.models.project import Project
from institute.core.models import Entity


class Membership(Entity):
    """A person's part in a project for a time; ended, never deleted."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=MemberRole.choices)
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"], condition=Q(ends_at__isnull=True), name="membership_open_once"
            ),
            models.CheckConstraint(condition=Q(role__in=MemberRole.values), name="membership_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="membership_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["project", "role", "id"], name="membership_by_role")]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.project}"
