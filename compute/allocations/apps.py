"""Hours promised to projects, and the ledger that never lies."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from compute.allocations.enums import AllocationStatus, ProjectStatus, RequestStatus
from institute.core.ui import badges, navigation
from institute.core.ui.navigation import Door, NavItem


class AllocationsConfig(AppConfig):
    name = "compute.allocations"
    label = "allocations"
    verbose_name = _("allocations")

    def ready(self) -> None:
        badges.register(
            ProjectStatus,
            {ProjectStatus.PROPOSED: "busy", ProjectStatus.ACTIVE: "ok", ProjectStatus.ARCHIVED: "rest"},
        )
        badges.register(
            RequestStatus,
            {
                RequestStatus.DRAFT: "rest",
                RequestStatus.SUBMITTED: "busy",
                RequestStatus.IN_REVIEW: "busy",
                RequestStatus.RETURNED: "warn",
                RequestStatus.APPROVED: "ok",
                RequestStatus.DECLINED: "bad",
                RequestStatus.WITHDRAWN: "rest",
            },
        )
        badges.register(
            AllocationStatus,
            {
                AllocationStatus.ACTIVE: "ok",
                AllocationStatus.FROZEN: "warn",
                AllocationStatus.REVOKED: "bad",
                AllocationStatus.CLOSED: "rest",
            },
        )
        navigation.register(
            NavItem(_("Projects"), "allocations:project-list", Door.RESEARCH, "allocations.list_projects", order=10),
            NavItem(_("Requests"), "allocations:request-list", Door.RESEARCH, "allocations.list_projects", order=20),
            NavItem(_("Allocations"), "allocations:allocation-list", Door.RESEARCH, order=30),
            NavItem(_("Projects"), "allocations:project-list", Door.STAFF, "allocations.decide_request", order=35),
            NavItem(_("Requests"), "allocations:request-list", Door.STAFF, "allocations.decide_request", order=40),
        )
