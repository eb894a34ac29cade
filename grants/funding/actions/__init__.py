"""Everything that writes pledges and duties."""

from grants.funding.actions.obligations import (
    Evidence,
    accept_fulfilment,
    mark_due,
    open_obligations,
    propose_fulfilment,
    send_back,
    waive_obligation,
)
from grants.funding.actions.offer import PledgeDraft, RestrictionDraft, TermsDraft, offer_pledge
from grants.funding.actions.status import (
    accept_pledge,
    activate_due_pledges,
    activate_pledge,
    close_pledge,
    resume_pledge,
    suspend_pledge,
    withdraw_pledge,
)

__all__ = [
    "Evidence",
    "PledgeDraft",
    "RestrictionDraft",
    "TermsDraft",
    "accept_fulfilment",
    "accept_pledge",
    "activate_due_pledges",
    "activate_pledge",
    "close_pledge",
    "mark_due",
    "offer_pledge",
    "open_obligations",
    "propose_fulfilment",
    "resume_pledge",
    "send_back",
    "suspend_pledge",
    "waive_obligation",
    "withdraw_pledge",
]
