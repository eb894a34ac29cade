from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compute.capacity.models.accelerator_type import AcceleratorType
from compute.capacity.models.cluster import Cluster
from compute.capacity.models.provider import Provider
from grants.funding.enums import ServiceClass
from institute.core.models import Entity


class Supply(Entity):
    """A pledge made usable: which provider gives it, of which type, and on which clusters it runs."""

    pledge = models.OneToOneField(
        "funding.Pledge", on_delete=models.PROTECT, related_name="supply", verbose_name=_("pledge")
    )
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, related_name="supplies", verbose_name=_("provider")
    )
    type = models.ForeignKey(
        AcceleratorType, on_delete=models.PROTECT, related_name="supplies", verbose_name=_("accelerator type")
    )
    service_class = models.CharField(_("service class"), max_length=16, choices=ServiceClass.choices)
    regions = ArrayField(models.CharField(max_length=48), default=list, blank=True, verbose_name=_("regions"))
    clusters = models.ManyToManyField(Cluster, related_name="supplies", verbose_name=_("clusters"))

    class Meta:
        verbose_name_plural = _("supplies")
        constraints = [
            models.CheckConstraint(
                condition=Q(service_class__in=ServiceClass.values), name="supply_service_class_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pledge} → {self.provider}"
