"""Questions about donors."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from grants.donors.enums import ConsentPurpose, DonorKind, DonorStatus
from grants.donors.models import Consent, ContactPoint, Donor, PortalAccess
from institute.people.models import User


def active_donors() -> QuerySet[Donor]:
    """Donors that are neither merged nor erased, by name."""
    return Donor.objects.filter(status=DonorStatus.ACTIVE).order_by("sort_key", "id")


def with_public_name(donors: QuerySet[Donor]) -> QuerySet[Any]:
    """Each donor with `may_be_named`: organisations always, persons only with their consent in force."""
    consent = Consent.objects.filter(
        donor=OuterRef("pk"), purpose=ConsentPurpose.PUBLIC_NAME, withdrawn_at__isnull=True
    )
    return donors.annotate(may_be_named=Q(kind=DonorKind.ORGANISATION) | Q(Exists(consent)))


def public_donors() -> QuerySet[Donor]:
    """Donors whom the public may know by name."""
    return with_public_name(active_donors()).filter(may_be_named=True)


def public_name(donor: Donor) -> str:
    """The name that the public reads: the donor's own, or words that do not tell who it is."""
    known = getattr(donor, "may_be_named", None)
    if known is None:
        known = public_donors().filter(pk=donor.pk).exists()
    return donor.name if known else _("a private donor")


def _in_force(now: datetime) -> QuerySet[PortalAccess]:
    return PortalAccess.objects.filter(starts_at__lte=now).exclude(ends_at__lte=now)


def open_accesses(user: User, now: datetime) -> QuerySet[PortalAccess]:
    """The portal accesses of a person that are in force."""
    return _in_force(now).filter(user=user)


def donors_of(user: User, now: datetime) -> QuerySet[Donor]:
    """The donors for whom a person is contact."""
    return active_donors().filter(pk__in=open_accesses(user, now).values("donor"))


def donors_visible_to(user: User, now: datetime) -> QuerySet[Donor]:
    """Staff see all donors, a contact their own."""
    return active_donors() if user.is_staff else donors_of(user, now)


def contacts_of(donor: Donor, now: datetime) -> QuerySet[PortalAccess]:
    """Who sees a donor's pledges now, in the order in which they began to."""
    return _in_force(now).filter(donor=donor).select_related("user").order_by("id")


def consents_of(donor: Donor) -> QuerySet[Consent]:
    """What a donor agrees to now."""
    return donor.consents.filter(withdrawn_at__isnull=True).order_by("id")


def contact_points_of(donor: Donor) -> QuerySet[ContactPoint]:
    """How a donor is reached."""
    return donor.contact_points.order_by("id")
