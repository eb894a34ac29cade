"""Who gives: the only home of personal data about donors."""

from grants.donors.models.consent import Consent
from grants.donors.models.contact_point import ContactPoint
from grants.donors.models.donor import Donor
from grants.donors.models.portal_access import PortalAccess

__all__ = ["Consent", "ContactPoint", "Donor", "PortalAccess"]
