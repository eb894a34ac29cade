"""The capacity pages and their API."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compute.capacity.actions import record_health
from compute.capacity.enums import ClusterStatus, HealthCheck, ProviderStatus
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from institute.people.enums import Role
from tests.factories.capacity import ClusterFactory, ProviderFactory, accelerator_type, supply_of
from tests.factories.funding import active_pledge
from tests.factories.people import UserFactory, user_with

pytestmark = pytest.mark.django_db
LISTS = ("cluster-list", "provider-list", "type-list", "supply-list")
NEW = ("cluster-create", "provider-create", "type-create", "supply-create")


def page(name: str, *args: str) -> str:
    return reverse(f"capacity:{name}", args=args)


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(user_with(Role.OPERATIONS))
    return client


def test_operations_enter_everything_from_provider_to_supply(desk: Client) -> None:
    desk.post(page("provider-create"), {"name": "Basement", "kind": "own", "donor": ""})
    data = {"name": "Host", "slug": "cpu-host", "kind": "cpu", "memory_gib": 0, "chips_per_device": 1}
    desk.post(page("type-create"), data)
    provider, pledge = Provider.objects.get(), active_pledge()
    cluster_data = {
        "provider": provider.public_id,
        "name": "Rack",
        "slug": "rack",
        "backend": "local",
        "accelerator": "cpu-host",
        "accelerators": 4,
    }
    answer = desk.post(page("cluster-create"), cluster_data, follow=True)
    assert "4 × Host" in answer.text
    cluster = Cluster.objects.get()
    answer = desk.post(
        page("supply-create"), {"pledge": pledge.public_id, "clusters": [cluster.public_id]}, follow=True
    )
    assert "can be awarded now" in answer.text
    assert pledge.title in desk.get(page("cluster-detail", cluster.public_id)).text
    assert Supply.objects.get().pledge == pledge


def test_what_is_refused_stands_on_the_form(desk: Client) -> None:
    cluster, pledge = ClusterFactory.create(slug="rack"), active_pledge()
    foreign = ClusterFactory.create(provider=ProviderFactory.create())
    posts: list[tuple[str, dict[str, Any], str]] = [
        ("provider-create", {"name": cluster.provider.name.upper(), "kind": "own"}, "already a provider"),
        (
            "type-create",
            {"name": "A", "slug": "cpu-host", "kind": "cpu", "memory_gib": 0, "chips_per_device": 1},
            "already a type",
        ),
        (
            "cluster-create",
            {
                "provider": cluster.provider.public_id,
                "name": "R",
                "slug": "rack",
                "backend": "local",
                "accelerator": "cpu-host",
                "accelerators": 1,
            },
            "already a cluster",
        ),
        (
            "supply-create",
            {"pledge": pledge.public_id, "clusters": [cluster.public_id, foreign.public_id]},
            "is not a cluster of",
        ),
        ("supply-create", {"pledge": "x", "clusters": []}, "This field is required"),
        ("cluster-create", {"slug": "Not Good", "accelerators": "-1"}, "Small letters"),
    ]
    for name, data, message in posts:
        answer = desk.post(page(name), data)
        assert (answer.status_code, message in answer.text) == (422, True), name


def test_a_cluster_is_drained_with_a_reason(desk: Client) -> None:
    cluster = ClusterFactory.create()
    url = page("cluster-status", cluster.public_id)
    assert desk.get(url).status_code == 200
    assert desk.post(url, {"status": "draining", "reason": ""}).status_code == 422
    assert "cannot become" in desk.post(url, {"status": "gone", "reason": "x"}).text
    desk.post(url, {"status": "draining", "reason": "disks"})
    cluster.refresh_from_db()
    assert cluster.status == ClusterStatus.DRAINING
    record_health(cluster=cluster, check=HealthCheck.SMOKE, is_good=False, now=cluster.created_at, note="no disk")
    assert "no disk" in desk.get(page("cluster-detail", cluster.public_id)).text


def test_a_provider_is_paused(desk: Client) -> None:
    provider = ProviderFactory.create()
    url = page("provider-status", provider.public_id)
    assert desk.get(url).status_code == 200
    assert "cannot become" in desk.post(url, {"status": "active", "reason": "x"}).text
    desk.post(url, {"status": "paused", "reason": "bills"})
    provider.refresh_from_db()
    assert provider.status == ProviderStatus.PAUSED


@pytest.mark.parametrize("name", [*LISTS, *NEW])
def test_who_sees_which_page(client: Client, name: str) -> None:
    assert client.get(page(name)).status_code == 302
    client.force_login(UserFactory.create())
    assert client.get(page(name)).status_code == 403
    client.force_login(user_with(Role.FINANCE))
    assert client.get(page(name)).status_code == (200 if name in LISTS else 403)
    client.force_login(user_with(Role.OPERATIONS))
    assert client.get(page(name)).status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_lists_cost_the_same_at_any_length(desk: Client, name: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(page(name)).status_code == 200
        return len(captured)

    supply_of(active_pledge())
    cost()
    first = cost()
    supply_of(active_pledge())
    supply_of(active_pledge(), cluster=ClusterFactory.create())
    assert cost() == first <= 15


API = "/api/v1/"


def post(client: Client, path: str, body: object) -> Any:
    return client.post(API + path, body, content_type="application/json")


def test_the_api_enters_everything_from_provider_to_supply(desk: Client) -> None:
    pledge = active_pledge()
    provider = post(desk, "providers", {"name": "Basement", "kind": "own"}).json()["id"]
    assert post(desk, "accelerator-types", {"slug": "cpu-host", "name": "Host", "kind": "cpu"}).status_code == 201
    body = {"provider": provider, "type": "cpu-host", "name": "Rack", "slug": "rack", "accelerators": 4}
    cluster = post(desk, "clusters", body).json()["id"]
    supply = post(desk, "supplies", {"pledge": pledge.public_id, "provider": provider, "clusters": [cluster]})
    assert supply.json()["clusters"] == [cluster]
    drained = post(desk, f"clusters/{cluster}/status", {"status": "draining", "reason": "disks"})
    assert drained.json()["status"] == "draining"
    paused = post(desk, f"providers/{provider}/status", {"status": "paused", "reason": "bills"})
    assert paused.json()["status"] == "paused"
    for path in ("providers", "accelerator-types", "clusters", "supplies"):
        assert len(desk.get(API + path).json()["results"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("providers", {"name": "", "kind": "own"}),
        ("providers", {"name": "A", "kind": "cloud"}),
        ("providers", {"name": "A", "kind": "own", "donor": "x"}),
        ("accelerator-types", {"slug": "A B", "name": "A", "kind": "cpu"}),
        ("accelerator-types", {"slug": "a", "name": "A", "kind": "cpu", "watts": -1}),
        ("accelerator-types", {"slug": "a", "name": "A", "kind": "cpu", "watts": 5}),
        ("clusters", {"provider": "x", "type": "cpu-host", "name": "A", "slug": "a", "accelerators": 1}),
        ("clusters", {"accelerators": 10**30}),
        ("supplies", {"pledge": "x", "provider": "y", "clusters": []}),
        ("supplies", []),
    ],
)
def test_a_wrong_body_is_a_clear_4xx(desk: Client, path: str, body: object) -> None:
    answer = post(desk, path, body)
    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"
    counts = [model.objects.count() for model in (Provider, AcceleratorType, Cluster, Supply)]
    assert counts == [0, 0, 0, 0]


def test_the_api_is_for_staff(client: Client) -> None:
    accelerator_type()
    assert client.get(f"{API}clusters").status_code == 401
    client.force_login(UserFactory.create())
    for path in ("providers", "clusters", "supplies"):
        assert client.get(API + path).status_code == 403
    assert client.get(f"{API}accelerator-types").status_code == 200
    assert post(client, "accelerator-types", {}).status_code == 403
    assert post(client, "clusters/x/status", {}).status_code == 403
