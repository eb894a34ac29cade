"""Questions about capacity."""

from collections.abc import Iterable

from django.db.models import QuerySet

from compute.capacity.enums import ClusterStatus, ProviderStatus
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from grants.funding.enums import PledgeStatus
from grants.funding.models import Pledge


def type_by_slug(slug: str) -> AcceleratorType | None:
    """The accelerator type with this slug."""
    return AcceleratorType.objects.filter(slug=slug).first()


def clusters_for(pledge_ids: Iterable[int], accelerator: AcceleratorType) -> QuerySet[Cluster]:
    """Clusters of a type that are up and that every one of the pledges runs on, largest first."""
    clusters = Cluster.objects.filter(type=accelerator, status=ClusterStatus.UP, provider__status=ProviderStatus.ACTIVE)
    for pledge_id in set(pledge_ids):
        clusters = clusters.filter(supplies__pledge_id=pledge_id)
    return clusters.order_by("-accelerators", "id")


def clusters() -> QuerySet[Cluster]:
    """All clusters with what lists show, newest first."""
    return Cluster.objects.select_related("provider", "type").order_by("-id")


def providers() -> QuerySet[Provider]:
    """All providers, newest first."""
    return Provider.objects.select_related("donor").order_by("-id")


def supplies() -> QuerySet[Supply]:
    """All supplies with what lists show, newest first."""
    return Supply.objects.select_related("pledge__donor", "provider", "type").order_by("-id")


def supplies_of_cluster(cluster: Cluster) -> QuerySet[Supply]:
    """Whose hours run on a cluster."""
    return supplies().filter(clusters=cluster)


def pledges_without_supply() -> QuerySet[Pledge]:
    """Accepted and active pledges that nobody has said the machines of."""
    wanted = [PledgeStatus.ACCEPTED, PledgeStatus.ACTIVE, PledgeStatus.SUSPENDED]
    return Pledge.objects.filter(supply__isnull=True, status__in=wanted).select_related("donor").order_by("-id")


def type_choices() -> list[tuple[str, str]]:
    """(slug, name) of every accelerator type by name, as a choice field wants them."""
    return list(AcceleratorType.objects.order_by("name").values_list("slug", "name"))
