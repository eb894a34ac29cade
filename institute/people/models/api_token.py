from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from institute.core.models import Entity


class ApiToken(Entity):
    """A key of the form `<prefix>-<40 characters>`, of which only the SHA-256 is kept.

    Belongs to a user, or (scope `job`) to one job, whose public id is `job_id`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="api_tokens"
    )
    job_id = models.CharField(max_length=26, blank=True, db_index=True)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=16))
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, job_id="") | (Q(user__isnull=True) & ~Q(job_id="")),
                name="api_token_user_or_job",
            ),
            models.CheckConstraint(condition=Q(scopes__len__gte=1), name="api_token_has_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-… ({self.name})"
