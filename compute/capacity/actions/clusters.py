from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compute.capacity.enums import Backend, ClusterStatus, HealthCheck, ProviderStatus
from compute.capacity.models import AcceleratorType, Cluster, ClusterHealth, Provider
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.states import record_change, transition


@dataclass(frozen=True, slots=True)
class ClusterDraft:
    """Machines of one type; the carbon figure comes with its source."""

    name: str
    slug: str
    accelerators: int
    backend: Backend = Backend.LOCAL
    region: str = ""
    g_co2e_per_kwh: int | None = None
    g_co2e_source: str = ""


def create_cluster(*, provider: Provider, accelerator: AcceleratorType, draft: ClusterDraft, by: Actor) -> Cluster:
    """Enter a cluster; it is up at once.

    Raises Refused for no accelerators, a carbon figure without source or a provider that is not active, Conflict
    for a slug in use.
    """
    if draft.accelerators < 1:
        raise Refused(_("A cluster has at least one accelerator."), field="accelerators", rule="accelerators")
    if draft.g_co2e_per_kwh is not None and not draft.g_co2e_source.strip():
        raise Refused(_("Say where the carbon figure comes from."), field="g_co2e_source", rule="source")
    if provider.status != ProviderStatus.ACTIVE:
        raise Refused(_("%(provider)s is not active.") % {"provider": provider}, field="provider", rule="provider")
    with transaction.atomic():
        try:
            with transaction.atomic():
                cluster = Cluster.objects.create(
                    provider=provider, type=accelerator, **asdict(draft), created_by=str(by)
                )
        except IntegrityError:
            raise Conflict(
                _("There is already a cluster “%(slug)s”.") % {"slug": draft.slug}, field="slug", rule="slug-taken"
            ) from None
        record_change(cluster, from_status="", to_status=cluster.status, by=by)
        audit.record(by=by, action="cluster.create", subject=cluster)
    return cluster


def set_cluster_status(*, cluster: Cluster, status: ClusterStatus, by: Actor, reason: str) -> Cluster:
    """Bring a cluster up, drain it (no new placements), take it down or say that it is gone.

    Raises Refused without a reason, Conflict for a step that its present state does not allow.
    """
    if not reason.strip():
        raise Refused(_("Give a reason: those whose jobs wait will read it."), field="reason", rule="reason")
    with transaction.atomic():
        transition(cluster, status, by=by, reason=reason)
        audit.record(by=by, action="cluster.status", subject=cluster, details={"status": status.value})
    return cluster


def record_health(*, cluster: Cluster, check: HealthCheck, is_good: bool, now: datetime, note: str = "") -> None:
    """Keep the latest result of a check. A measurement, not a decision: no audit entry."""
    ClusterHealth.objects.update_or_create(
        cluster=cluster,
        check_kind=check,
        defaults={"is_good": is_good, "observed_at": now, "note": note[:300]},
    )
