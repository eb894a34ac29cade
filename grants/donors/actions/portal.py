from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grants.donors.models import Donor, PortalAccess
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.people.enums import Role
from institute.people.models import User


def grant_portal_access(*, donor: Donor, user: User, by: Actor) -> PortalAccess:
    """Let a donor's contact see its pledges; an access in force is returned as it is.

    Raises Refused for a person who is no donor's contact.
    """
    if not user.has_role(Role.DONOR_CONTACT):
        raise Refused(
            _("%(user)s does not have the role of a donor's contact.") % {"user": user},
            field="email",
            rule="donor-contact",
            way_out=_("An administrator gives the role; then enter the address again."),
        )
    with transaction.atomic():
        Donor.objects.select_for_update().get(pk=donor.pk)
        access = PortalAccess.objects.filter(donor=donor, user=user, ends_at__isnull=True).first()
        if access is None:
            access = PortalAccess.objects.create(donor=donor, user=user, created_by=str(by))
            audit.record(by=by, action="donor.grant_portal_access", subject=donor, details={"user": user.public_id})
    return access


def end_portal_access(*, donor: Donor, user: User, by: Actor) -> PortalAccess:
    """Close a person's view of a donor. Raises Conflict if it is not open."""
    with transaction.atomic():
        access = PortalAccess.objects.select_for_update().filter(donor=donor, user=user, ends_at__isnull=True).first()
        if access is None:
            raise Conflict(_("%(user)s has no access to this donor.") % {"user": user}, rule="portal-access")
        access.ends_at = timezone.now()
        access.save(update_fields=["ends_at"])
        audit.record(by=by, action="donor.end_portal_access", subject=donor, details={"user": user.public_id})
    return access
