"""Runs: what training tells while it runs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrackingConfig(AppConfig):
    name = "compute.tracking"
    label = "tracking"
    verbose_name = _("tracking")
