"""Back office: read only, since only actions write."""

from django.contrib import admin

from compute.capacity.models import AcceleratorType, Cluster, ClusterHealth, Provider, Supply
from institute.core.admin import ReadOnlyAdmin


@admin.register(Provider)
class ProviderAdmin(ReadOnlyAdmin[Provider]):
    """Places that give hours."""

    list_display = ("name", "kind", "status", "donor")
    list_filter = ("status", "kind")
    list_select_related = ("donor",)


@admin.register(AcceleratorType)
class AcceleratorTypeAdmin(ReadOnlyAdmin[AcceleratorType]):
    """What hours are counted in."""

    list_display = ("name", "slug", "vendor", "kind", "memory_gib", "unit_label")


@admin.register(Cluster)
class ClusterAdmin(ReadOnlyAdmin[Cluster]):
    """Machines."""

    list_display = ("name", "slug", "provider", "type", "accelerators", "status")
    list_filter = ("status",)
    list_select_related = ("provider", "type")


@admin.register(ClusterHealth)
class ClusterHealthAdmin(ReadOnlyAdmin[ClusterHealth]):
    """Latest checks."""

    list_display = ("cluster", "check_kind", "is_good", "observed_at", "note")
    list_select_related = ("cluster",)


@admin.register(Supply)
class SupplyAdmin(ReadOnlyAdmin[Supply]):
    """Where pledges run."""

    list_display = ("pledge", "provider", "type", "service_class")
    list_select_related = ("pledge", "provider", "type")
