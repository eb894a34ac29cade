from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compute.jobs.enums import ATTEMPT_OPEN, ATTEMPT_OVER, ATTEMPT_TRANSITIONS, AttemptStatus, FailureClass
from institute.core.ids import ULID_LENGTH
from institute.core.models import Entity


class Attempt(Entity):
    """One try of a job at one place, under a name that the place takes only once.

    `spec` is frozen before the place is first asked, so that asking again asks for the same.
    A worker that tends the attempt holds `lock_token` until `lock_expires_at`; what it writes later
    than that is discarded. `cleaned_at`: the place has been told to forget it.
    """

    transitions = ATTEMPT_TRANSITIONS

    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, related_name="attempts")
    number = models.IntegerField()
    cluster = models.ForeignKey("capacity.Cluster", on_delete=models.PROTECT, null=True, related_name="attempts")
    name = models.CharField(max_length=40, unique=True)
    uid = models.CharField(max_length=64, blank=True)
    spec = models.JSONField(null=True)
    spec_sha256 = models.CharField(max_length=64, blank=True)
    epoch = models.IntegerField(default=0)
    status = models.CharField(max_length=16, choices=AttemptStatus.choices, default=AttemptStatus.PLANNED)
    reason = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    is_unknown = models.BooleanField(default=False)
    submitted_at = models.DateTimeField(null=True, blank=True)
    bound_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    last_checkpoint_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    failure_class = models.CharField(max_length=32, choices=FailureClass.choices, blank=True)
    refund_owed = models.BigIntegerField(default=0)
    stop_sent_at = models.DateTimeField(null=True, blank=True)
    lock_token = models.CharField(max_length=ULID_LENGTH, blank=True)
    lock_expires_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(default=timezone.now)
    faults = models.IntegerField(default=0)
    cleaned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(status__in=ATTEMPT_OPEN), name="attempt_open_once_per_job"
            ),
            models.CheckConstraint(condition=Q(status__in=AttemptStatus.values), name="attempt_status_known"),
            models.CheckConstraint(
                condition=Q(failure_class="") | Q(failure_class__in=FailureClass.values),
                name="attempt_failure_class_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[AttemptStatus.PLANNED, *ATTEMPT_OVER]) | Q(cluster__isnull=False),
                name="attempt_submitted_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ATTEMPT_OVER, ended_at__isnull=False)
                | (~Q(status__in=ATTEMPT_OVER) & Q(ended_at__isnull=True)),
                name="attempt_over_has_instant",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(bound_at__isnull=False, released_at__gte=F("bound_at")),
                name="attempt_released_after_bound",
            ),
            models.CheckConstraint(
                condition=Q(lock_token="", lock_expires_at__isnull=True)
                | (~Q(lock_token="") & Q(lock_expires_at__isnull=False)),
                name="attempt_lock_has_expiry",
            ),
            models.CheckConstraint(condition=Q(refund_owed__gte=0), name="attempt_refund_owed_positive"),
        ]
        indexes = [
            models.Index(fields=["next_check_at"], condition=Q(status__in=ATTEMPT_OPEN), name="attempt_due"),
            models.Index(
                fields=["next_check_at"],
                condition=Q(status__in=ATTEMPT_OVER, cleaned_at__isnull=True),
                name="attempt_to_clean",
            ),
        ]
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        """It ended, one way or another."""
        return self.status in ATTEMPT_OVER
