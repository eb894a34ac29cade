from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compute.allocations.enums import PLEDGE_ACCOUNTS, SOURCE_ACCOUNTS, AccountKind, HoursKind
from compute.allocations.models.allocation import AllocationSource
from institute.core.ids import ULID_LENGTH, new_ulid
from institute.core.models import AppendOnly


class HoursAccount(models.Model):
    """Accelerator-seconds of one pledge lying in one place. All balances of a pledge sum to zero.

    `floor` is what a balance may not fall below; null only for `pledged` (never above 0) and `unallocated`
    (negative when more was used than was left: the books refuse promises, never physical use).
    """

    pledge = models.ForeignKey("funding.Pledge", on_delete=models.PROTECT, related_name="hours_accounts")
    source = models.ForeignKey(
        AllocationSource, on_delete=models.PROTECT, null=True, blank=True, related_name="hours_accounts"
    )
    kind = models.CharField(max_length=16, choices=AccountKind.choices)
    balance = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pledge", "source", "kind"], nulls_distinct=False, name="hours_account_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=PLEDGE_ACCOUNTS, source__isnull=True)
                | Q(kind__in=SOURCE_ACCOUNTS, source__isnull=False),
                name="hours_account_kind_fits_owner",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[AccountKind.PLEDGED, AccountKind.UNALLOCATED], floor__isnull=True)
                | (~Q(kind__in=[AccountKind.PLEDGED, AccountKind.UNALLOCATED]) & Q(floor=0)),
                name="hours_account_floor_by_kind",
            ),
            models.CheckConstraint(
                condition=Q(floor__isnull=True) | Q(balance__gte=F("floor")), name="hours_account_above_floor"
            ),
            models.CheckConstraint(
                condition=~Q(kind=AccountKind.PLEDGED) | Q(balance__lte=0), name="hours_account_pledged_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.balance}"


class HoursTransaction(AppendOnly):
    """One movement within one pledge, posted once per key. `subject` is the job, `attempt` the attempt, as opaque ids.

    `line_count` pins its lines: the trigger refuses a commit with another number of them, so that nothing can be
    added later.
    """

    public_id = models.CharField(max_length=ULID_LENGTH, unique=True, default=new_ulid, editable=False)
    kind = models.CharField(max_length=16, choices=HoursKind.choices)
    pledge = models.ForeignKey("funding.Pledge", on_delete=models.PROTECT, related_name="hours_transactions")
    idempotency_key = models.CharField(max_length=200, unique=True)
    subject = models.CharField(max_length=64, blank=True)
    attempt = models.CharField(max_length=64, blank=True)
    happened_at = models.DateTimeField()
    posted_at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=64)
    reason = models.CharField(max_length=300, blank=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by")
    line_count = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("hours transaction")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=HoursKind.values), name="hours_transaction_kind_known"),
            models.CheckConstraint(condition=Q(line_count__gte=2), name="hours_transaction_two_lines"),
        ]
        indexes = [
            models.Index(fields=["subject", "id"], condition=~Q(subject=""), name="hours_transaction_subject"),
            models.Index(fields=["attempt", "id"], condition=~Q(attempt=""), name="hours_transaction_attempt"),
            models.Index(fields=["pledge", "kind", "id"], name="hours_transaction_pledge_kind"),
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class HoursLine(AppendOnly):
    """One account's part of a transaction."""

    transaction = models.ForeignKey(HoursTransaction, on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey(HoursAccount, on_delete=models.PROTECT, related_name="lines")
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transaction", "account"], name="hours_line_once_per_account"),
            models.CheckConstraint(condition=~Q(quantity=0), name="hours_line_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.quantity:+d}"


class HoursDay(models.Model):
    """What moved on one account on one UTC day of `happened_at`."""

    account = models.ForeignKey(HoursAccount, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="hours_day_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}: {self.quantity:+d}"
