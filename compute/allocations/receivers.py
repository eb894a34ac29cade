"""What the hours ledger does when pledges move."""

from compute.allocations import actions
from grants.funding.events import PledgeActivated
from grants.funding.models import Pledge
from institute.core.actors import SYSTEM_RELAY
from institute.core.outbox import Delivery, receives


@receives(PledgeActivated)
def deposit_hours(event: PledgeActivated, delivery: Delivery) -> None:
    """Enter what the pledge promises, once per version of its terms."""
    pledge = Pledge.objects.get(public_id=event.pledge_id)
    actions.deposit_hours(
        pledge=pledge,
        terms_version=event.terms_version,
        amount=event.amount,
        by=SYSTEM_RELAY,
        now=delivery.published_at,
    )
