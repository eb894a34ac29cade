"""Promises, conditions and duties."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from grants.funding.enums import ObligationStatus, PledgeStatus
from institute.core.ui import badges, navigation
from institute.core.ui.navigation import Door, NavItem


class FundingConfig(AppConfig):
    name = "grants.funding"
    label = "funding"
    verbose_name = _("funding")

    def ready(self) -> None:
        badges.register(
            PledgeStatus,
            {
                PledgeStatus.OFFERED: "busy",
                PledgeStatus.ACCEPTED: "busy",
                PledgeStatus.ACTIVE: "ok",
                PledgeStatus.SUSPENDED: "warn",
                PledgeStatus.WITHDRAWN: "bad",
                PledgeStatus.CLOSED: "rest",
            },
        )
        badges.register(
            ObligationStatus,
            {
                ObligationStatus.SCHEDULED: "rest",
                ObligationStatus.DUE: "warn",
                ObligationStatus.SUBMITTED: "busy",
                ObligationStatus.ACCEPTED: "ok",
                ObligationStatus.WAIVED: "rest",
            },
        )
        navigation.register(
            NavItem(_("Pledges"), "funding:pledge-list", Door.STAFF, "funding.list_pledges", order=20),
            NavItem(_("Duties"), "funding:obligation-list", Door.STAFF, "funding.list_pledges", order=30),
            NavItem(_("Pledges"), "funding:pledge-list", Door.DONOR, "funding.list_own_pledges", order=10),
        )
