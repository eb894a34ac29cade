from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from compute.capacity.enums import PROVIDER_TRANSITIONS, ProviderKind, ProviderStatus
from institute.core.enums import Transitions
from institute.core.models import Entity


class Provider(Entity):
    """A place that gives hours; `donor` where the giver is one of our donors."""

    transitions: ClassVar[Transitions[ProviderStatus]] = PROVIDER_TRANSITIONS

    donor = models.ForeignKey(
        "donors.Donor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="providers",
        verbose_name=_("donor"),
    )
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=16, choices=ProviderKind.choices)
    status = models.CharField(_("status"), max_length=16, choices=ProviderStatus.choices, default=ProviderStatus.ACTIVE)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="provider_name_once_any_case"),
            models.CheckConstraint(condition=Q(kind__in=ProviderKind.values), name="provider_kind_known"),
            models.CheckConstraint(condition=Q(status__in=ProviderStatus.values), name="provider_status_known"),
        ]

    def __str__(self) -> str:
        return self.name
