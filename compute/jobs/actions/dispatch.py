"""Which backend speaks to a cluster."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.conf import settings

from compute.capacity.enums import Backend as BackendName
from compute.capacity.models import Cluster
from compute.jobs.backends.base import Backend
from compute.jobs.backends.local import LocalBackend


def environments() -> dict[str, Path]:
    """The interpreters of this host by environment: the platform's own, and one per recipe environment."""
    locks = (settings.BASE_DIR / "requirements").glob("recipes-*.txt")
    found = {lock.stem: settings.BASE_DIR / f".venv-{lock.stem}" / "bin" / "python" for lock in locks}
    return {"web": Path(sys.executable), **found}


@cache
def local_backend() -> LocalBackend:
    """The backend of this host; it holds nothing in memory, so one serves all."""
    return LocalBackend(settings.LOCAL_JOBS_DIR, settings.BASE_DIR, environments())


FACTORIES: dict[str, Callable[[], Backend]] = {BackendName.LOCAL: local_backend}


def backend_for(cluster: Cluster) -> Backend:
    """The adapter for this cluster."""
    return FACTORIES[cluster.backend]()
