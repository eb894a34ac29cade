"""A pledge made usable."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from compute.capacity.enums import ClusterStatus, ProviderStatus
from institute.core.ui import badges, navigation
from institute.core.ui.navigation import Door, NavItem


class CapacityConfig(AppConfig):
    name = "compute.capacity"
    label = "capacity"
    verbose_name = _("capacity")

    def ready(self) -> None:
        badges.register(
            ProviderStatus,
            {ProviderStatus.ACTIVE: "ok", ProviderStatus.PAUSED: "warn", ProviderStatus.GONE: "rest"},
        )
        badges.register(
            ClusterStatus,
            {
                ClusterStatus.UP: "ok",
                ClusterStatus.DRAINING: "warn",
                ClusterStatus.DOWN: "bad",
                ClusterStatus.GONE: "rest",
            },
        )
        navigation.register(
            NavItem(_("Clusters"), "capacity:cluster-list", Door.STAFF, "capacity.view_cluster", order=50),
        )
