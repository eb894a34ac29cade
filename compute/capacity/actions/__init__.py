"""Everything that writes capacity."""

from compute.capacity.actions.clusters import ClusterDraft, create_cluster, record_health, set_cluster_status
from compute.capacity.actions.providers import create_provider, set_provider_status
from compute.capacity.actions.supplies import create_supply
from compute.capacity.actions.types import TypeDraft, create_accelerator_type

__all__ = [
    "ClusterDraft",
    "TypeDraft",
    "create_accelerator_type",
    "create_cluster",
    "create_provider",
    "create_supply",
    "record_health",
    "set_cluster_status",
    "set_provider_status",
]
