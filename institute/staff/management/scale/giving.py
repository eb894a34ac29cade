"""Donors, their pledges and duties, and the capacity behind them."""

from dataclasses import dataclass
from datetime import timedelta

from compute.capacity.enums import AcceleratorKind, Backend, ProviderKind
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from grants.donors.models import Donor
from grants.funding.enums import ObligationKind, ObligationStatus, PledgeStatus, RestrictionKind, ServiceClass
from grants.funding.models import ComputeTerms, Obligation, Pledge, Restriction
from institute.staff.management.scale.bulk import AWARDED, Plan, write


@dataclass(frozen=True)
class Given:
    """What allocations draw on; all pledges are the first donor's and of one type."""

    type: AcceleratorType
    pledges: list[Pledge]


def given(plan: Plan) -> Given:
    """Donors, pledges with terms, clause and duty, and for each pledge a provider, a cluster and a supply."""
    donors = plan.many(Donor, lambda n: Donor(name=f"Donor {n:05}", sort_key=f"donor {n:05}"))
    types = plan.many(
        AcceleratorType,
        lambda n: AcceleratorType(
            slug=f"scale-{n}", name=f"Scale host {n:05}", kind=AcceleratorKind.CPU, unit_label="host-h"
        ),
    )
    pledges = plan.many(
        Pledge,
        lambda n: Pledge(
            donor=donors[0],
            title=f"Hosts {n:05}",
            window_starts_at=plan.opened,
            window_ends_at=plan.closes,
            status=PledgeStatus.ACTIVE,
            accepted_at=plan.opened,
            activated_at=plan.opened,
        ),
    )
    _terms(plan, pledges, types[0])
    _capacity(plan, pledges, types[0])
    return Given(types[0], pledges)


def _terms(plan: Plan, pledges: list[Pledge], accelerator: AcceleratorType) -> None:
    write(
        ComputeTerms,
        [
            ComputeTerms(pledge=pledge, type_slug=accelerator.slug, amount=2 * AWARDED, reserve_percent=0)
            for pledge in pledges
        ],
    )
    clauses = [
        Restriction(pledge=pledge, kind=RestrictionKind.CITE, clause_no=1, text=f"Trained with the help of {pledge}.")
        for pledge in pledges
    ]
    write(Restriction, clauses)
    plan.many(
        Obligation,
        lambda n: Obligation(
            pledge=pledges[n],
            kind=ObligationKind.NARRATIVE,
            text="A report on what the hours became.",
            due_on=(plan.now + timedelta(days=n % 300)).date(),
            status=ObligationStatus.DUE,
        ),
    )


def _capacity(plan: Plan, pledges: list[Pledge], accelerator: AcceleratorType) -> None:
    providers = plan.many(Provider, lambda n: Provider(name=f"Provider {n:05}", kind=ProviderKind.OWN))
    clusters = plan.many(
        Cluster,
        lambda n: Cluster(
            provider=providers[0],
            name=f"Cluster {n:05}",
            slug=f"scale-{n}",
            backend=Backend.LOCAL,
            type=accelerator,
            accelerators=8,
        ),
    )
    supplies = plan.many(
        Supply,
        lambda n: Supply(
            pledge=pledges[n], provider=providers[0], type=accelerator, service_class=ServiceClass.ON_DEMAND
        ),
    )
    through = Supply.clusters.through
    write(through, [through(supply=supply, cluster=clusters[0]) for supply in supplies])
