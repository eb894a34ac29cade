from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grants.donors.enums import ConsentPurpose
from grants.donors.models import Consent, Donor
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict


def grant_consent(*, donor: Donor, purpose: ConsentPurpose, source: str, by: Actor) -> Consent:
    """Note that a donor agreed; a consent in force is returned as it is."""
    with transaction.atomic():
        Donor.objects.select_for_update().get(pk=donor.pk)
        consent = Consent.objects.filter(donor=donor, purpose=purpose, withdrawn_at__isnull=True).first()
        if consent is None:
            consent = Consent.objects.create(donor=donor, purpose=purpose, source=source, created_by=str(by))
            audit.record(by=by, action="donor.grant_consent", subject=donor, details={"purpose": purpose.value})
    return consent


def withdraw_consent(*, donor: Donor, purpose: ConsentPurpose, by: Actor) -> Consent:
    """Note that a donor agrees no longer. Raises Conflict if no consent is in force."""
    with transaction.atomic():
        consent = (
            Consent.objects.select_for_update().filter(donor=donor, purpose=purpose, withdrawn_at__isnull=True).first()
        )
        if consent is None:
            raise Conflict(_("No such consent is in force."), rule="consent-in-force")
        consent.withdrawn_at = timezone.now()
        consent.save(update_fields=["withdrawn_at"])
        audit.record(by=by, action="donor.withdraw_consent", subject=donor, details={"purpose": purpose.value})
    return consent
