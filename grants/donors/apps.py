"""Who gives."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from institute.core.ui import navigation
from institute.core.ui.navigation import Door, NavItem


class DonorsConfig(AppConfig):
    name = "grants.donors"
    label = "donors"
    verbose_name = _("donors")

    def ready(self) -> None:
        navigation.register(
            NavItem(_("Donors"), "donors:donor-list", Door.PUBLIC, order=50),
            NavItem(_("Donors"), "donors:donor-desk", Door.STAFF, "donors.edit_donor", order=40),
        )
        navigation.paid_by(count_public_donors)


def count_public_donors() -> int:
    """What the footer says; the models exist only once all apps are loaded."""
    from grants.donors.queries import public_donors  # see above

    return public_donors().count()
