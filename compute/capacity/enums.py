"""Kinds and statuses of capacity."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from institute.core.enums import Transitions


class ProviderKind(models.TextChoices):
    """What sort of place hours come from."""

    GPU = "gpu", _("GPU cloud")
    TPU = "tpu", _("TPU cloud")
    UNIVERSITY = "university", _("university")
    VOLUNTEER = "volunteer", _("volunteer")
    OWN = "own", _("own hardware")


class ProviderStatus(models.TextChoices):
    """Whether a provider gives hours now."""

    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")
    GONE = "gone", _("gone")


PROVIDER_TRANSITIONS: Transitions[ProviderStatus] = {
    ProviderStatus.ACTIVE: {ProviderStatus.PAUSED, ProviderStatus.GONE},
    ProviderStatus.PAUSED: {ProviderStatus.ACTIVE, ProviderStatus.GONE},
    ProviderStatus.GONE: set(),
}


class AcceleratorKind(models.TextChoices):
    """What is counted: a GPU, a TPU chip or, where a cluster has neither, a host."""

    GPU = "gpu", _("GPU")
    TPU = "tpu", _("TPU chip")
    CPU = "cpu", _("host")


class NameCounts(models.TextChoices):
    """What the number in a slice's name counts ("v3-8" has 8 cores, "v5e-8" 8 chips)."""

    CORE = "core", _("cores")
    CHIP = "chip", _("chips")


class Backend(models.TextChoices):
    """Which adapter of `compute.jobs.backends` speaks to a cluster."""

    LOCAL = "local", _("this machine")


class ClusterStatus(models.TextChoices):
    """Whether jobs may be placed on a cluster."""

    UP = "up", _("up")
    DRAINING = "draining", _("draining")
    DOWN = "down", _("down")
    GONE = "gone", _("gone")


CLUSTER_TRANSITIONS: Transitions[ClusterStatus] = {
    ClusterStatus.UP: {ClusterStatus.DRAINING, ClusterStatus.DOWN},
    ClusterStatus.DRAINING: {ClusterStatus.UP, ClusterStatus.DOWN},
    ClusterStatus.DOWN: {ClusterStatus.UP, ClusterStatus.DRAINING, ClusterStatus.GONE},
    ClusterStatus.GONE: set(),
}


class HealthCheck(models.TextChoices):
    """What was looked at."""

    HEARTBEAT = "heartbeat", _("heartbeat")
    SMOKE = "smoke", _("smoke test")
