"""Runs: what training tells while it runs."""

import importlib

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from compute.tracking.enums import RunStatus
from institute.core.ui import badges, navigation
from institute.core.ui.navigation import Door, NavItem


class TrackingConfig(AppConfig):
    name = "compute.tracking"
    label = "tracking"
    verbose_name = _("runs")

    def ready(self) -> None:
        badges.register(
            RunStatus,
            {
                RunStatus.PENDING: "rest",
                RunStatus.RUNNING: "busy",
                RunStatus.LOST: "warn",
                RunStatus.FINISHED: "ok",
                RunStatus.FAILED: "bad",
                RunStatus.CRASHED: "bad",
                RunStatus.PREEMPTED: "warn",
                RunStatus.STOPPED: "rest",
            },
        )
        navigation.register(NavItem(_("Runs"), "tracking:run-list", Door.RESEARCH, "tracking.list_runs", order=40))
        importlib.import_module("compute.tracking.receivers")  # registers them; models exist only now
