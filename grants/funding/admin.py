"""Back office: read only, since only actions write."""

from django.contrib import admin

from grants.funding.models import ComputeTerms, Obligation, Pledge, Restriction
from institute.core.admin import ReadOnlyAdmin


@admin.register(Pledge)
class PledgeAdmin(ReadOnlyAdmin[Pledge]):
    """Pledges."""

    list_display = ("title", "donor", "status", "window_starts_at", "window_ends_at")
    list_filter = ("status",)
    list_select_related = ("donor",)
    search_fields = ("title", "public_id")


@admin.register(ComputeTerms)
class ComputeTermsAdmin(ReadOnlyAdmin[ComputeTerms]):
    """Terms of pledges."""

    list_display = ("pledge", "version", "kind", "type_slug", "amount")
    list_select_related = ("pledge",)


@admin.register(Restriction)
class RestrictionAdmin(ReadOnlyAdmin[Restriction]):
    """Clauses."""

    list_display = ("pledge", "clause_no", "kind", "enforcement")
    list_select_related = ("pledge",)


@admin.register(Obligation)
class ObligationAdmin(ReadOnlyAdmin[Obligation]):
    """Duties."""

    list_display = ("kind", "pledge", "due_on", "status")
    list_filter = ("status", "kind")
    list_select_related = ("pledge",)
