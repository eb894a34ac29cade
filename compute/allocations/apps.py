"""Hours promised to projects, and the ledger that never lies."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AllocationsConfig(AppConfig):
    name = "compute.allocations"
    label = "allocations"
    verbose_name = _("allocations")
