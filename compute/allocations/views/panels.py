"""What this room shows on earlier objects' pages (settings.PANELS)."""

from django.http import HttpRequest
from django.template.loader import render_to_string

from compute.allocations.queries import balances_of_pledge
from compute.capacity.models import Supply
from grants.funding.models import Pledge

MOST = 20


def pledge_balances(pledge: Pledge, *, request: HttpRequest) -> str:
    """Where a pledge's hours are; "" before any were entered."""
    balances = balances_of_pledge(pledge)
    if not balances.deposited:
        return ""
    related = ("allocation__project", "pledge__supply__type")
    sources = list(pledge.allocation_sources.select_related(*related).order_by("-id")[:MOST])
    supplies = Supply.objects.select_related("type").filter(pledge=pledge)
    supply = sources[0].pledge.supply if sources else supplies.first()
    context = {
        "balances": balances,
        "type": supply.type if supply else None,
        "allocations": [source.allocation for source in sources],
    }
    return render_to_string("allocations/_pledge_balances.html", context, request=request)
