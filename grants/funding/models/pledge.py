from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from grants.donors.models import Donor
from grants.funding.enums import PLEDGE_TRANSITIONS, PledgeStatus
from institute.core.enums import Transitions
from institute.core.models import Entity


class Pledge(Entity):
    """A donor's promise within a window; what is promised is in its `ComputeTerms`."""

    transitions: ClassVar[Transitions[PledgeStatus]] = PLEDGE_TRANSITIONS

    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="pledges", verbose_name=_("donor"))
    title = models.CharField(_("title"), max_length=120)
    note = models.TextField(_("note"), blank=True)
    window_starts_at = models.DateTimeField(_("from"))
    window_ends_at = models.DateTimeField(_("until"))
    is_irrevocable = models.BooleanField(_("irrevocable"), default=False)
    status = models.CharField(max_length=16, choices=PledgeStatus.choices, default=PledgeStatus.OFFERED)
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)
    activated_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_from = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(window_starts_at__lt=F("window_ends_at")), name="pledge_window_starts_before_end"
            ),
            models.CheckConstraint(condition=Q(status__in=PledgeStatus.values), name="pledge_status_known"),
            models.CheckConstraint(condition=~Q(title=""), name="pledge_has_title"),
        ]
        indexes = [models.Index(fields=["status", "window_ends_at"], name="pledge_by_end")]
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")

    def __str__(self) -> str:
        return self.title

    def is_open(self, now: datetime) -> bool:
        """True while the window is open: [starts, ends)."""
        return self.window_starts_at <= now < self.window_ends_at
