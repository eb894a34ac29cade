"""People, their roles and how they sign in."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from institute.core.ui import navigation
from institute.core.ui.navigation import Door, NavItem


class PeopleConfig(AppConfig):
    name = "institute.people"
    label = "people"
    verbose_name = _("people")

    def ready(self) -> None:
        from institute.people import schema  # noqa: F401  (registers by being imported, once apps are loaded)

        navigation.register(NavItem(_("People"), "people:person-list", Door.STAFF, "people.manage_roles", order=90))
