"""Addresses for these tests: the furniture's own, and pages of an imagined app."""

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from institute.core.errors import Refused
from institute.core.ui import listing
from institute.core.ui.listing import Column, Empty, Filter, Listing, Sort
from institute.people.models import User

LANGUAGES = [("en", _("English")), ("fr", _("French"))]


class PeopleListing(Listing[User]):
    """People by name, with everything a list can have."""

    title = _("People")
    search = ("name", "email")
    filters = (
        Filter("language", _("Language"), LANGUAGES),
        Filter("zone", _("Zone"), lambda request: [("UTC", "UTC"), ("Europe/Paris", "Paris")], field="time_zone"),
        Filter("seen", _("Seen"), [("no", _("never"))], apply=lambda rows, value: rows.filter(last_login=None)),
    )
    columns = (
        Column("name", _("Name"), lambda user: user.name, url=lambda user: f"/people/{user.public_id}", sort="name"),
        Column("email", _("E-mail"), lambda user: user.email),
        Column("last", _("Last seen"), lambda user: user.last_login, sort="last_login", is_nullable=True),
        Column("id", _("Number"), lambda user: user.pk, is_number=True, sort="pk", unit=_("running")),
    )
    sorts = (Sort("newest", _("newest first"), "-joined_at"),)
    default_sort = "name"
    page_size = 3
    empty = Empty(_("Nobody yet"), _("People sign up themselves."), _("Invite someone"), "/invite")


def people(request: HttpRequest) -> HttpResponseBase:
    return listing.render(request, PeopleListing, queryset=User.objects.all())


def page(request: HttpRequest, **_: str) -> HttpResponse:
    return HttpResponse("a page")


def refused(request: HttpRequest) -> HttpResponse:
    raise Refused("Needs 512 chip-hours; 380 are left.", way_out="Ask for a supplement.")


urlpatterns = i18n_patterns(
    path("", include("institute.core.ui.urls")),
    path("people", people, name="people"),
    path("models", page, name="models"),
    path("models/<str:name>", page, name="model"),
    path("jobs", page, name="jobs"),
    path("staff/", page, name="today"),
    path("refused", refused, name="refused"),
    prefix_default_language=False,
)
