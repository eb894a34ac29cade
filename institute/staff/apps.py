"""Desks and reports that read across apps; owns no table."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "institute.staff"
    label = "staff"
    verbose_name = _("staff")
