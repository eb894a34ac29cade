"""Who may do what with donors."""

from datetime import datetime

import rules
from django.utils import timezone

from grants.donors.models import Donor
from grants.donors.queries import donors_of, open_accesses
from institute.people.enums import Role
from institute.people.models import User
from institute.people.rules import holds, is_staff


@rules.predicate
def is_contact_of(user: object, donor: object = None) -> bool:
    """The person is contact of the donor now."""
    return (
        isinstance(user, User)
        and isinstance(donor, Donor)
        and donors_of(user, timezone.now()).filter(pk=donor.pk).exists()
    )


def is_recused(user: User, donor: Donor, now: datetime) -> bool:
    """True if the person may not decide on this donor's matters, because they act for the donor."""
    return open_accesses(user, now).filter(donor=donor).exists()


rules.add_perm("donors.view_donor", is_staff | is_contact_of)
rules.add_perm("donors.edit_donor", holds(Role.GRANTS_OFFICER))
