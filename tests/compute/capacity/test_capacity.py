"""Providers, types, clusters and supplies."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import ProtectedError

from compute.capacity import actions, queries
from compute.capacity.enums import AcceleratorKind, ClusterStatus, HealthCheck, ProviderKind, ProviderStatus
from compute.capacity.models import ClusterHealth, Supply
from institute.core.errors import Conflict, Refused
from institute.core.models import AuditEntry
from institute.core.states import history_of
from tests.factories.capacity import ClusterFactory, ProviderFactory, accelerator_type, supply_of
from tests.factories.donors import DonorFactory
from tests.factories.funding import active_pledge
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def test_a_provider_has_a_name_of_its_own() -> None:
    donor = DonorFactory.create()
    provider = actions.create_provider(name=" TRC ", kind=ProviderKind.TPU, by=TESTER, donor=donor)
    assert (provider.name, provider.donor, provider.status) == ("TRC", donor, ProviderStatus.ACTIVE)
    with pytest.raises(Conflict):
        actions.create_provider(name="trc", kind=ProviderKind.TPU, by=TESTER)
    with pytest.raises(Refused):
        actions.create_provider(name=" ", kind=ProviderKind.TPU, by=TESTER)
    assert list(queries.providers()) == [provider]


def test_a_providers_status_changes_with_a_reason() -> None:
    provider = ProviderFactory.create()
    with pytest.raises(Refused):
        actions.set_provider_status(provider=provider, status=ProviderStatus.PAUSED, reason=" ", by=TESTER)
    actions.set_provider_status(provider=provider, status=ProviderStatus.GONE, reason="sold", by=TESTER)
    with pytest.raises(Conflict):
        actions.set_provider_status(provider=provider, status=ProviderStatus.ACTIVE, reason="back", by=TESTER)


def type_draft(**fields: Any) -> actions.TypeDraft:
    return actions.TypeDraft(**({"slug": "tpu-v4", "name": "TPU v4", "kind": AcceleratorKind.TPU} | fields))


@pytest.mark.parametrize(("kind", "unit"), [("tpu", "chip-h"), ("gpu", "GPU-h"), ("cpu", "host-h")])
def test_a_type_has_the_unit_of_its_kind(kind: str, unit: str) -> None:
    draft = type_draft(kind=AcceleratorKind(kind), watts=192, source="data sheet")
    assert actions.create_accelerator_type(draft=draft, by=TESTER).unit_label == unit


def test_figures_of_a_type_come_with_their_source() -> None:
    with pytest.raises(Refused, match="Say where the figures come from"):
        actions.create_accelerator_type(draft=type_draft(watts=192), by=TESTER)
    actions.create_accelerator_type(draft=type_draft(), by=TESTER)
    with pytest.raises(Conflict):
        actions.create_accelerator_type(draft=type_draft(name="Other"), by=TESTER)
    assert queries.type_choices() == [("tpu-v4", "TPU v4")]
    assert queries.type_by_slug("tpu-v4") is not None
    assert queries.type_by_slug("tpu-v9") is None


def cluster_draft(**fields: Any) -> actions.ClusterDraft:
    return actions.ClusterDraft(**({"name": "Here", "slug": "here", "accelerators": 2} | fields))


def test_a_cluster_is_up_at_once_and_its_steps_are_kept() -> None:
    provider, accelerator = ProviderFactory.create(), accelerator_type()
    cluster = actions.create_cluster(provider=provider, accelerator=accelerator, draft=cluster_draft(), by=TESTER)
    assert cluster.status == ClusterStatus.UP
    with pytest.raises(Conflict, match="already a cluster"):
        actions.create_cluster(provider=provider, accelerator=accelerator, draft=cluster_draft(), by=TESTER)
    actions.set_cluster_status(cluster=cluster, status=ClusterStatus.DRAINING, by=TESTER, reason="disks")
    with pytest.raises(Conflict):
        actions.set_cluster_status(cluster=cluster, status=ClusterStatus.GONE, by=TESTER, reason="sold")
    with pytest.raises(Refused):
        actions.set_cluster_status(cluster=cluster, status=ClusterStatus.UP, by=TESTER, reason="")
    assert [step.to_status for step in history_of(cluster)] == ["up", "draining"]


@pytest.mark.parametrize(
    ("fields", "message"), [({"accelerators": 0}, "at least one"), ({"g_co2e_per_kwh": 20}, "carbon figure")]
)
def test_a_wrong_cluster_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        actions.create_cluster(
            provider=ProviderFactory.create(), accelerator=accelerator_type(), draft=cluster_draft(**fields), by=TESTER
        )


def test_a_provider_that_is_gone_gets_no_cluster_and_no_supply() -> None:
    cluster = ClusterFactory.create()
    provider = cluster.provider
    actions.set_provider_status(provider=provider, status=ProviderStatus.PAUSED, reason="bills", by=TESTER)
    with pytest.raises(Refused, match="is not active"):
        actions.create_cluster(provider=provider, accelerator=cluster.type, draft=cluster_draft(), by=TESTER)
    with pytest.raises(Refused, match="is not active"):
        actions.create_supply(pledge=active_pledge(), provider=provider, clusters=[cluster], by=TESTER)


def test_the_latest_result_of_a_check_is_kept() -> None:
    cluster = ClusterFactory.create()
    for is_good in (True, False):
        actions.record_health(cluster=cluster, check=HealthCheck.HEARTBEAT, is_good=is_good, now=NOW, note="x" * 400)
    health = ClusterHealth.objects.get()
    assert (health.is_good, len(health.note)) == (False, 300)


def test_a_supply_takes_type_and_class_from_the_terms() -> None:
    accelerator_type()
    pledge = active_pledge()
    assert list(queries.pledges_without_supply()) == [pledge]
    supply = supply_of(pledge)
    assert (supply.type.slug, supply.service_class) == ("cpu-host", "on_demand")
    assert list(queries.pledges_without_supply()) == []
    cluster = supply.clusters.get()
    assert list(queries.supplies_of_cluster(cluster)) == [supply]
    with pytest.raises(Conflict, match="already has a supply"):
        actions.create_supply(pledge=pledge, provider=cluster.provider, clusters=[cluster], by=TESTER)


def test_a_supply_of_an_unknown_type_or_without_clusters_is_refused() -> None:
    provider, pledge = ProviderFactory.create(), active_pledge()
    with pytest.raises(Refused, match="which is not known"):
        actions.create_supply(pledge=pledge, provider=provider, clusters=[], by=TESTER)
    accelerator_type()
    with pytest.raises(Refused, match="at least one cluster"):
        actions.create_supply(pledge=pledge, provider=provider, clusters=[], by=TESTER)


def test_a_cluster_that_does_not_fit_is_refused() -> None:
    pledge, fitting = active_pledge(), ClusterFactory.create()
    other_provider = ClusterFactory.create()
    other_type = ClusterFactory.create(provider=fitting.provider, type=accelerator_type("tpu-v4"))
    gone = ClusterFactory.create(provider=fitting.provider, status=ClusterStatus.GONE)
    for cluster in (other_provider, other_type, gone):
        with pytest.raises(Refused, match="is not a cluster of"):
            actions.create_supply(pledge=pledge, provider=fitting.provider, clusters=[fitting, cluster], by=TESTER)
    assert Supply.objects.count() == 0


def test_a_cluster_lies_in_a_region_of_the_terms() -> None:
    pledge, cluster = active_pledge(), ClusterFactory.create(region="us")
    pledge.terms.create(version=2, type_slug="cpu-host", amount=1, regions=["eu"])
    with pytest.raises(Refused, match="region of the terms"):
        actions.create_supply(pledge=pledge, provider=cluster.provider, clusters=[cluster], by=TESTER)


def test_clusters_for_pledges_are_up_and_serve_them_all() -> None:
    both, one = active_pledge(), active_pledge()
    small = ClusterFactory.create(accelerators=2)
    large = ClusterFactory.create(accelerators=9, provider=small.provider)
    actions.create_supply(pledge=both, provider=small.provider, clusters=[small, large], by=TESTER)
    actions.create_supply(pledge=one, provider=small.provider, clusters=[small], by=TESTER)
    assert list(queries.clusters_for([both.pk], small.type)) == [large, small]
    assert list(queries.clusters_for([both.pk, one.pk], small.type)) == [small]
    actions.set_cluster_status(cluster=small, status=ClusterStatus.DOWN, by=TESTER, reason="fire")
    assert list(queries.clusters_for([both.pk, one.pk], small.type)) == []


def test_what_hours_hang_on_is_never_deleted() -> None:
    supply = supply_of(active_pledge())
    for obj in (supply.provider, supply.type, supply.pledge):
        with pytest.raises(ProtectedError), transaction.atomic():
            obj.delete()
    assert connection.vendor == "postgresql"
    assert AuditEntry.objects.filter(action="supply.create").count() == 1
