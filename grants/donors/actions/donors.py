from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from grants.donors.enums import ContactChannel, DonorKind
from grants.donors.models import ContactPoint, Donor
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.states import record_change


@dataclass(frozen=True, slots=True)
class DonorDraft:
    """What people enter of a donor. `country` is an ISO 3166-1 alpha-2 code or ""."""

    name: str
    kind: DonorKind = DonorKind.ORGANISATION
    org_id: str = ""
    country: str = ""
    url: str = ""
    public_text: str = ""


def create_donor(*, draft: DonorDraft, by: Actor) -> Donor:
    """Enter a donor. Raises Refused for what a field does not allow, Conflict if the identifier is known."""
    donor = Donor(created_by=str(by))
    _fill(donor, draft)
    with transaction.atomic():
        donor.save(force_insert=True)
        record_change(donor, from_status="", to_status=donor.status, by=by)
        audit.record(by=by, action="donor.create", subject=donor)
    return donor


def change_donor(*, donor: Donor, draft: DonorDraft, by: Actor) -> Donor:
    """Change what is known of a donor. Raises as `create_donor`."""
    with transaction.atomic():
        donor = Donor.objects.select_for_update().get(pk=donor.pk)
        _fill(donor, draft)
        donor.save()
        audit.record(by=by, action="donor.change", subject=donor)
    return donor


def add_contact_point(*, donor: Donor, channel: ContactChannel, value: str, by: Actor) -> ContactPoint:
    """Note a way to reach a donor; noting it twice changes nothing."""
    with transaction.atomic():
        point, is_new = ContactPoint.objects.get_or_create(
            donor=donor, channel=channel, value=value.strip(), defaults={"created_by": str(by)}
        )
        if is_new:
            audit.record(by=by, action="donor.add_contact_point", subject=donor, details={"channel": channel.value})
    return point


def _fill(donor: Donor, draft: DonorDraft) -> None:
    for name, value in asdict(draft).items():
        setattr(donor, name, value.strip() if isinstance(value, str) and name != "kind" else value)
    donor.org_id = donor.org_id or None
    donor.sort_key = donor.name.casefold() or "-"
    try:
        donor.clean_fields()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(" ".join(messages), field=field, rule="donor-field") from None
    if donor.org_id and Donor.objects.filter(org_id=donor.org_id).exclude(pk=donor.pk).exists():
        raise Conflict(
            _("Another donor has the identifier %(id)s.") % {"id": donor.org_id}, field="org_id", rule="org-id-taken"
        )
