from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compute.capacity.enums import ClusterStatus, ProviderStatus
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from compute.capacity.queries import type_by_slug
from grants.funding.models import ComputeTerms, Pledge
from grants.funding.queries import current_terms
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused


def create_supply(*, pledge: Pledge, provider: Provider, clusters: Sequence[Cluster], by: Actor) -> Supply:
    """Say which provider's clusters a pledge's hours run on; type and service class are those of its terms.

    Raises Refused if the terms name an unknown type, or a cluster is of another provider, type or region or gone;
    Conflict if the pledge already has a supply.
    """
    terms = current_terms(pledge)
    accelerator = type_by_slug(terms.type_slug)
    if accelerator is None:
        raise Refused(
            _("The terms of %(pledge)s name the type “%(slug)s”, which is not known.")
            % {"pledge": pledge, "slug": terms.type_slug},
            field="pledge",
            rule="supply-type",
            way_out=_("Enter the accelerator type first."),
        )
    if provider.status != ProviderStatus.ACTIVE:
        raise Refused(_("%(provider)s is not active.") % {"provider": provider}, field="provider", rule="provider")
    _require_clusters(provider, accelerator, terms, clusters)
    with transaction.atomic():
        supply = _create(pledge, provider, accelerator, terms, by)
        supply.clusters.set(clusters)
        details = {"pledge": pledge.public_id, "clusters": [cluster.public_id for cluster in clusters]}
        audit.record(by=by, action="supply.create", subject=supply, details=details)
    return supply


def _create(pledge: Pledge, provider: Provider, accelerator: AcceleratorType, terms: ComputeTerms, by: Actor) -> Supply:
    try:
        with transaction.atomic():
            return Supply.objects.create(
                pledge=pledge,
                provider=provider,
                type=accelerator,
                service_class=terms.service_class,
                regions=terms.regions,
                created_by=str(by),
            )
    except IntegrityError:
        raise Conflict(
            _("%(pledge)s already has a supply.") % {"pledge": pledge}, field="pledge", rule="supply-once"
        ) from None


def _require_clusters(
    provider: Provider, accelerator: AcceleratorType, terms: ComputeTerms, clusters: Sequence[Cluster]
) -> None:
    if not clusters:
        raise Refused(_("Choose at least one cluster."), field="clusters", rule="supply-clusters")
    for cluster in clusters:
        is_fitting = (
            cluster.provider_id == provider.pk
            and cluster.type_id == accelerator.pk
            and cluster.status != ClusterStatus.GONE
            and (not terms.regions or cluster.region in terms.regions)
        )
        if not is_fitting:
            raise Refused(
                _("%(cluster)s is not a cluster of %(provider)s with %(type)s in a region of the terms.")
                % {"cluster": cluster, "provider": provider, "type": accelerator},
                field="clusters",
                rule="supply-clusters",
            )
