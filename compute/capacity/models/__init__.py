"""Where hours come from and where they run."""

from compute.capacity.models.accelerator_type import AcceleratorType
from compute.capacity.models.cluster import Cluster, ClusterHealth
from compute.capacity.models.provider import Provider
from compute.capacity.models.supply import Supply

__all__ = ["AcceleratorType", "Cluster", "ClusterHealth", "Provider", "Supply"]
