"""Models, data sets, code and papers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "institute.catalog"
    label = "catalog"
    verbose_name = _("catalog")
