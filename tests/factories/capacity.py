"""Providers, types, clusters and supplies for tests."""

from typing import Any

import factory

from compute.capacity import actions
from compute.capacity.enums import AcceleratorKind, Backend, ProviderKind
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from grants.funding.models import Pledge
from grants.funding.queries import current_terms
from tests.factories.people import TESTER


class ProviderFactory(factory.django.DjangoModelFactory[Provider]):
    """A place that gives hours."""

    class Meta:
        model = Provider

    name = factory.Sequence(lambda n: f"Provider {n}")
    kind = ProviderKind.OWN


def accelerator_type(slug: str = "cpu-host", **fields: Any) -> AcceleratorType:
    """The type with this slug, made when it is not there yet."""
    defaults = {"name": f"Type {slug}", "kind": AcceleratorKind.CPU, "unit_label": "host-h"}
    return AcceleratorType.objects.get_or_create(slug=slug, defaults=defaults | fields)[0]


class ClusterFactory(factory.django.DjangoModelFactory[Cluster]):
    """Eight hosts that are up."""

    class Meta:
        model = Cluster

    name = factory.Sequence(lambda n: f"Cluster {n}")
    slug = factory.Sequence(lambda n: f"cluster-{n}")
    provider = factory.SubFactory(ProviderFactory)
    type = factory.LazyFunction(accelerator_type)
    backend = Backend.LOCAL
    accelerators = 8
    region = "here"


def supply_of(pledge: Pledge, *, cluster: Cluster | None = None) -> Supply:
    """The pledge's hours run on a cluster of their type."""
    if cluster is None:
        cluster = ClusterFactory.create(type=accelerator_type(current_terms(pledge).type_slug))
    return actions.create_supply(pledge=pledge, provider=cluster.provider, clusters=[cluster], by=TESTER)
