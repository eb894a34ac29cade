from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compute.capacity.enums import CLUSTER_TRANSITIONS, Backend, ClusterStatus, HealthCheck
from compute.capacity.models.accelerator_type import SLUG_FORM, AcceleratorType
from compute.capacity.models.provider import Provider
from institute.core.enums import Transitions
from institute.core.models import Entity


class Cluster(Entity):
    """Machines of one accelerator type that jobs are placed on. Its credentials are kept by `compute.jobs`."""

    transitions: ClassVar[Transitions[ClusterStatus]] = CLUSTER_TRANSITIONS

    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, related_name="clusters", verbose_name=_("provider")
    )
    name = models.CharField(_("name"), max_length=120)
    slug = models.CharField(
        _("short name"),
        max_length=48,
        unique=True,
        validators=[RegexValidator(rf"^{SLUG_FORM}\Z", _("Small letters, digits, and - between them."))],
    )
    backend = models.CharField(_("backend"), max_length=16, choices=Backend.choices)
    type = models.ForeignKey(
        AcceleratorType, on_delete=models.PROTECT, related_name="clusters", verbose_name=_("accelerator type")
    )
    accelerators = models.PositiveIntegerField(_("accelerators"))
    region = models.CharField(_("region"), max_length=48, blank=True)
    g_co2e_per_kwh = models.PositiveIntegerField(_("g CO₂e per kWh"), null=True, blank=True)
    g_co2e_source = models.CharField(_("source of the carbon figure"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=ClusterStatus.choices, default=ClusterStatus.UP)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(slug__regex=rf"^{SLUG_FORM}$"), name="cluster_slug_form"),
            models.CheckConstraint(condition=Q(backend__in=Backend.values), name="cluster_backend_known"),
            models.CheckConstraint(condition=Q(status__in=ClusterStatus.values), name="cluster_status_known"),
            models.CheckConstraint(condition=Q(accelerators__gte=1), name="cluster_has_accelerators"),
            models.CheckConstraint(
                condition=Q(g_co2e_per_kwh__isnull=True) | ~Q(g_co2e_source=""), name="cluster_carbon_has_source"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClusterHealth(models.Model):
    """The latest result of one check of one cluster."""

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="health")
    check_kind = models.CharField(max_length=16, choices=HealthCheck.choices)
    is_good = models.BooleanField()
    observed_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = _("cluster health")
        constraints = [
            models.UniqueConstraint(fields=["cluster", "check_kind"], name="cluster_health_once_per_check"),
            models.CheckConstraint(condition=Q(check_kind__in=HealthCheck.values), name="cluster_health_check_known"),
        ]

    def __str__(self) -> str:
        return f"{self.cluster}: {self.check_kind}"
