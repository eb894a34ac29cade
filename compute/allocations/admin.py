"""Back office: read only, since only actions write."""

from django.contrib import admin

from compute.allocations.models import (
    Allocation,
    AllocationSource,
    HoursAccount,
    HoursLine,
    HoursTransaction,
    Membership,
    Project,
    Request,
    RequestLine,
)
from institute.core.admin import ReadOnlyAdmin


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin[Project]):
    """Projects."""

    list_display = ("title", "handle", "status", "purpose", "data_class")
    list_filter = ("status",)
    search_fields = ("title", "handle", "public_id")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin[Membership]):
    """Who works on what."""

    list_display = ("project", "user", "role", "starts_at", "ends_at")
    list_select_related = ("project", "user")


@admin.register(Request)
class RequestAdmin(ReadOnlyAdmin[Request]):
    """Requests for hours."""

    list_display = ("public_id", "project", "kind", "revision", "status", "submitted_at")
    list_filter = ("status",)
    list_select_related = ("project",)
    search_fields = ("public_id",)


@admin.register(RequestLine)
class RequestLineAdmin(ReadOnlyAdmin[RequestLine]):
    """Lines of requests."""

    list_display = ("request", "revision", "position", "type", "amount_requested", "amount_awarded")
    list_select_related = ("request__project", "type")


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin[Allocation]):
    """Allocations."""

    list_display = ("public_id", "project", "status", "starts_at", "ends_at", "priority")
    list_filter = ("status",)
    list_select_related = ("project",)
    search_fields = ("public_id",)


@admin.register(AllocationSource)
class AllocationSourceAdmin(ReadOnlyAdmin[AllocationSource]):
    """What each pledge gives."""

    list_display = ("allocation", "pledge", "draw_rank", "locked_reason", "ends_at")
    list_select_related = ("allocation__project", "pledge")


@admin.register(HoursAccount)
class HoursAccountAdmin(ReadOnlyAdmin[HoursAccount]):
    """Balances."""

    list_display = ("pledge", "source", "kind", "balance")
    list_filter = ("kind",)
    list_select_related = ("pledge", "source__pledge", "source__allocation__project")


@admin.register(HoursTransaction)
class HoursTransactionAdmin(ReadOnlyAdmin[HoursTransaction]):
    """Movements."""

    list_display = ("idempotency_key", "kind", "pledge", "happened_at", "posted_at", "by")
    list_filter = ("kind",)
    list_select_related = ("pledge",)
    search_fields = ("subject", "attempt")


@admin.register(HoursLine)
class HoursLineAdmin(ReadOnlyAdmin[HoursLine]):
    """Lines of movements."""

    list_display = ("transaction", "account", "quantity")
    list_select_related = ("transaction", "account")
