from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grants.funding.enums import LimitPolicy, Recognition, ServiceClass, TermsKind
from grants.funding.models.pledge import Pledge
from institute.core.models import AppendOnly, Entity


class ComputeTerms(Entity, AppendOnly):
    """What a pledge promises, in accelerator-seconds of one type; new terms are a new version."""

    pledge = models.ForeignKey(Pledge, on_delete=models.PROTECT, related_name="terms")
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(_("kind"), max_length=16, choices=TermsKind.choices, default=TermsKind.POOL)
    type_slug = models.SlugField(_("accelerator type"), max_length=64)
    amount = models.BigIntegerField(_("amount"), help_text=_("accelerator-seconds"))
    regions = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    service_class = models.CharField(
        _("service class"), max_length=16, choices=ServiceClass.choices, default=ServiceClass.ON_DEMAND
    )
    notice_days = models.PositiveIntegerField(_("days of notice before withdrawal"), default=30)
    over_commit_percent = models.PositiveIntegerField(default=100)
    reserve_percent = models.PositiveIntegerField(_("reserve, per cent"), default=2)
    policy = models.CharField(_("limit"), max_length=8, choices=LimitPolicy.choices, default=LimitPolicy.HARD)
    monthly_cap = models.BigIntegerField(null=True, blank=True)
    max_chips = models.PositiveIntegerField(null=True, blank=True)
    recognition = models.CharField(max_length=16, choices=Recognition.choices, default=Recognition.CONDITIONAL)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pledge", "version"], name="terms_version_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="terms_amount_positive"),
            models.CheckConstraint(condition=Q(version__gte=1), name="terms_version_positive"),
            models.CheckConstraint(
                condition=Q(over_commit_percent__gte=100, over_commit_percent__lte=150), name="terms_over_commit_range"
            ),
            models.CheckConstraint(condition=Q(reserve_percent__lte=100), name="terms_reserve_range"),
            models.CheckConstraint(condition=Q(kind__in=TermsKind.values), name="terms_kind_known"),
            models.CheckConstraint(condition=Q(service_class__in=ServiceClass.values), name="terms_class_known"),
            models.CheckConstraint(condition=Q(policy__in=LimitPolicy.values), name="terms_policy_known"),
            models.CheckConstraint(condition=Q(recognition__in=Recognition.values), name="terms_recognition_known"),
        ]

    def __str__(self) -> str:
        return f"{self.pledge_id} v{self.version}"
