from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compute.capacity.enums import AcceleratorKind, NameCounts
from institute.core.models import Entity

SLUG_FORM = r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?"


class AcceleratorType(Entity):
    """What hours are counted in. A pledge's terms name it by slug."""

    slug = models.CharField(
        _("short name"),
        max_length=48,
        unique=True,
        validators=[RegexValidator(rf"^{SLUG_FORM}\Z", _("Small letters, digits, and - between them."))],
    )
    name = models.CharField(_("name"), max_length=80, unique=True)
    vendor = models.CharField(_("vendor"), max_length=80, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=AcceleratorKind.choices)
    memory_gib = models.PositiveIntegerField(_("memory in GiB"), default=0)
    chips_per_device = models.PositiveSmallIntegerField(_("chips per device"), default=1)
    cores_per_chip = models.PositiveSmallIntegerField(_("cores per chip"), default=1)
    name_counts = models.CharField(
        _("number in a slice's name"), max_length=8, choices=NameCounts.choices, default=NameCounts.CHIP
    )
    quota_unit = models.CharField(_("unit of the provider's quota"), max_length=16, default="chip")
    unit_label = models.CharField(_("unit of an hour"), max_length=16, default="accelerator-h")
    peak_flops = models.BigIntegerField(_("peak FLOP/s"), null=True, blank=True)
    watts = models.PositiveIntegerField(_("watts"), null=True, blank=True)
    source = models.CharField(_("source of FLOP/s and watts"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(slug__regex=rf"^{SLUG_FORM}$"), name="accelerator_type_slug_form"),
            models.CheckConstraint(condition=Q(kind__in=AcceleratorKind.values), name="accelerator_type_kind_known"),
            models.CheckConstraint(
                condition=Q(chips_per_device__gte=1, cores_per_chip__gte=1), name="accelerator_type_counts_positive"
            ),
            models.CheckConstraint(
                condition=Q(peak_flops__isnull=True) | Q(peak_flops__gt=0), name="accelerator_type_flops_positive"
            ),
            models.CheckConstraint(
                condition=Q(peak_flops__isnull=True, watts__isnull=True) | ~Q(source=""),
                name="accelerator_type_figures_have_source",
            ),
        ]

    def __str__(self) -> str:
        return self.name
