"""What this room shows on earlier objects' pages (settings.PANELS)."""

from django.http import HttpRequest
from django.template.loader import render_to_string

from compute.allocations.queries import balances_of_pledge
from grants.funding.models import Pledge


def pledge_balances(pledge: Pledge, *, request: HttpRequest) -> str:
    """Where a pledge's hours are; "" before any were entered."""
    balances = balances_of_pledge(pledge)
    if not balances.deposited:
        return ""
    sources = pledge.allocation_sources.select_related("allocation__project").order_by("-id")[:20]
    supply = getattr(pledge, "supply", None)
    context = {
        "balances": balances,
        "type": supply.type if supply else None,
        "allocations": [source.allocation for source in sources],
    }
    return render_to_string("allocations/_pledge_balances.html", context, request=request)
