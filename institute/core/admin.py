"""The back office shows everything and writes nothing: only actions write."""

from typing import Generic, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from institute.core.models import AuditEntry, OutboxMessage, SigningKey, StateChange

M = TypeVar("M", bound=Model)


class ReadOnlyAdmin(admin.ModelAdmin[M], Generic[M]):
    """A model in the back office, for those who see the staff pages."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Staff see every section."""
        return bool(request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Staff see every row."""
        return bool(request.user.is_staff)

    def has_add_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody changes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody deletes here."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    """Who did what."""

    list_display = ("happened_at", "action", "by", "subject_kind", "subject_id")
    search_fields = ("subject_id", "action")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin[OutboxMessage]):
    """Events on their way."""

    list_display = ("published_at", "topic", "receiver", "subject", "status", "tries")
    list_filter = ("status",)


@admin.register(StateChange)
class StateChangeAdmin(ReadOnlyAdmin[StateChange]):
    """Every step of every status."""

    list_display = ("happened_at", "subject_kind", "subject_id", "from_status", "to_status", "by")
    search_fields = ("subject_id",)


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin[SigningKey]):
    """Public keys of the institute."""

    list_display = ("key_id", "valid_from", "revoked_at")
