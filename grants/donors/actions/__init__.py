"""Everything that writes donors."""

from grants.donors.actions.consents import grant_consent, withdraw_consent
from grants.donors.actions.donors import add_contact_point, change_donor, create_donor
from grants.donors.actions.portal import end_portal_access, grant_portal_access

__all__ = [
    "add_contact_point",
    "change_donor",
    "create_donor",
    "end_portal_access",
    "grant_consent",
    "grant_portal_access",
    "withdraw_consent",
]
