from django.db import models
from django.db.models import Q

from compute.jobs.enums import LeaseState
from institute.core.models import Entity


class AttemptLease(Entity):
    """The right of one supervisor to train and commit for a job; a newer fence ends it.

    `fence` rises per job with each grant to another holder, whatever the attempt.
    """

    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, related_name="leases")
    attempt = models.ForeignKey("jobs.Attempt", on_delete=models.PROTECT, related_name="leases")
    fence = models.BigIntegerField()
    holder = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=LeaseState.choices, default=LeaseState.STARTING)
    expires_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    checkpoint_by = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "fence"], name="lease_fence_once"),
            models.CheckConstraint(condition=Q(fence__gt=0), name="lease_fence_positive"),
            models.CheckConstraint(condition=Q(state__in=LeaseState.values), name="lease_state_known"),
        ]
        indexes = [models.Index(fields=["attempt", "-fence"], name="lease_attempt")]

    def __str__(self) -> str:
        return f"{self.attempt_id}#{self.fence}"
