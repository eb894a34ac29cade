"""Desks and reports that read across apps; owns no table."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from institute.core.enums import OutboxStatus
from institute.core.ui import badges, navigation
from institute.core.ui.navigation import Door, NavItem


class StaffConfig(AppConfig):
    name = "institute.staff"
    label = "staff"
    verbose_name = _("staff")

    def ready(self) -> None:
        badges.register(
            OutboxStatus,
            {
                OutboxStatus.PENDING: "busy",
                OutboxStatus.DELIVERED: "ok",
                OutboxStatus.DEAD: "bad",
                OutboxStatus.DISCARDED: "rest",
            },
        )
        navigation.register(
            NavItem(_("Today"), "staff:dashboard", Door.STAFF, "staff.view_today", order=10),
            NavItem(_("Outbox"), "staff:outbox-list", Door.STAFF, "staff.view_outbox", order=80),
            NavItem(_("Audit"), "staff:audit-list", Door.STAFF, "staff.view_audit", order=85),
        )
