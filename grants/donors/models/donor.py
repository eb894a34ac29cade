from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from grants.donors.enums import TRANSITIONS, DonorKind, DonorStatus
from institute.core.enums import Transitions
from institute.core.models import Entity
from institute.core.names import sort_key


class Donor(Entity):
    """A person or organisation that gives. `sort_key` is the name with accents folded, for ordering."""

    transitions: ClassVar[Transitions[DonorStatus]] = TRANSITIONS

    kind = models.CharField(_("kind"), max_length=16, choices=DonorKind.choices, default=DonorKind.ORGANISATION)
    name = models.CharField(_("name"), max_length=200)
    sort_key = models.CharField(max_length=200, editable=False)
    org_id = models.CharField(_("organisation identifier"), max_length=80, null=True, blank=True, unique=True)
    country = CountryField(_("country"), blank=True)
    url = models.URLField(_("web page"), blank=True)
    public_text = models.TextField(_("what the public reads about it"), blank=True)
    status = models.CharField(max_length=16, choices=DonorStatus.choices, default=DonorStatus.ACTIVE)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DonorKind.values), name="donor_kind_known"),
            models.CheckConstraint(condition=Q(status__in=DonorStatus.values), name="donor_status_known"),
            models.CheckConstraint(condition=~Q(name=""), name="donor_has_name"),
        ]
        indexes = [models.Index(fields=["sort_key", "id"], name="donor_by_name")]
        verbose_name = _("donor")
        verbose_name_plural = _("donors")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the ordering key in step with the name."""
        self.sort_key = sort_key(self.name)
        super().save(*args, **kwargs)
