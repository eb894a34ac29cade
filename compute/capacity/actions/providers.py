from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compute.capacity.enums import ProviderKind, ProviderStatus
from compute.capacity.models import Provider
from grants.donors.models import Donor
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.states import record_change, transition


def create_provider(*, name: str, kind: ProviderKind, by: Actor, donor: Donor | None = None) -> Provider:
    """Enter a place that gives hours. Raises Refused without a name, Conflict for one in use."""
    if not name.strip():
        raise Refused(_("A provider has a name."), field="name", rule="name")
    with transaction.atomic():
        try:
            with transaction.atomic():
                provider = Provider.objects.create(name=name.strip(), kind=kind, donor=donor, created_by=str(by))
        except IntegrityError:
            raise Conflict(
                _("There is already a provider “%(name)s”.") % {"name": name.strip()}, field="name", rule="name-taken"
            ) from None
        record_change(provider, from_status="", to_status=provider.status, by=by)
        audit.record(by=by, action="provider.create", subject=provider)
    return provider


def set_provider_status(*, provider: Provider, status: ProviderStatus, reason: str, by: Actor) -> Provider:
    """Pause, resume or end a provider; its hours are not usable unless it is active. Raises Conflict, Refused."""
    if not reason.strip():
        raise Refused(_("Give a reason."), field="reason", rule="reason")
    with transaction.atomic():
        transition(provider, status, by=by, reason=reason)
        audit.record(by=by, action="provider.status", subject=provider, details={"status": status.value})
    return provider
