"""Jobs, their attempts and their metering."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "compute.jobs"
    label = "jobs"
    verbose_name = _("jobs")
