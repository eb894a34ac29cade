"""Back office: read only, since only actions write."""

from django.contrib import admin

from grants.donors.models import Consent, ContactPoint, Donor, PortalAccess
from institute.core.admin import ReadOnlyAdmin


@admin.register(Donor)
class DonorAdmin(ReadOnlyAdmin[Donor]):
    """Donors."""

    list_display = ("name", "kind", "country", "status", "public_id")
    list_filter = ("kind", "status")
    search_fields = ("name", "public_id")


@admin.register(ContactPoint)
class ContactPointAdmin(ReadOnlyAdmin[ContactPoint]):
    """Ways to reach donors."""

    list_display = ("donor", "channel")


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin[Consent]):
    """What donors agreed to."""

    list_display = ("donor", "purpose", "granted_at", "withdrawn_at")


@admin.register(PortalAccess)
class PortalAccessAdmin(ReadOnlyAdmin[PortalAccess]):
    """Who may see a donor's pledges."""

    list_display = ("donor", "user", "starts_at", "ends_at")
