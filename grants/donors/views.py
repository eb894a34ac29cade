"""Pages about donors: the public's, and the grants desk's."""

from typing import ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from grants.donors import actions, queries
from grants.donors.enums import ConsentPurpose, ContactChannel, DonorKind
from grants.donors.forms import ConsentForm, ContactForm, DonorForm, PointForm
from grants.donors.models import Donor, PortalAccess
from institute.core.ports import panels_for
from institute.core.ui import listing
from institute.core.ui.forms import refusals_as_form_errors, render
from institute.people.access import acting, permission_required


def donor_url(donor: Donor) -> str:
    """The page of a donor."""
    return reverse("donors:donor-detail", args=[donor.public_id])


class DonorListing(listing.Listing[Donor]):
    """The donors that the public may know."""

    title = gettext_lazy("Donors")
    lede = gettext_lazy("Who lends us machines, and what became of it.")
    columns: ClassVar = [
        listing.Column("name", gettext_lazy("Name"), lambda donor: donor.name, url=donor_url, sort="sort_key"),
        listing.Column("country", gettext_lazy("Country"), lambda donor: donor.country.name),
        listing.Column("kind", gettext_lazy("Kind"), lambda donor: donor.get_kind_display()),
    ]
    filters: ClassVar = [listing.Filter("kind", gettext_lazy("Kind"), DonorKind)]
    search: ClassVar = ["name", "sort_key"]
    default_sort = "name"
    empty = listing.Empty(
        gettext_lazy("No donors yet"),
        gettext_lazy("The first one appears here as soon as the grants desk has entered it."),
    )


class DonorDeskListing(DonorListing):
    """All donors, for staff."""

    title = gettext_lazy("Donors: grants desk")
    lede = gettext_lazy("Everyone who gives, also those whom the public does not see.")
    empty = listing.Empty(
        gettext_lazy("No donors yet"),
        gettext_lazy("Enter the first one, then its pledge."),
        gettext_lazy("Enter a donor"),
        "/staff/donors/new",
    )


def donor_list(request: HttpRequest) -> HttpResponseBase:
    """Public: every donor that may be named."""
    return listing.render(request, DonorListing, queryset=queries.public_donors())


def donor_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Public: one donor, what it gave and what that became; panels are filled by later apps."""
    donor = get_object_or_404(queries.with_public_name(queries.active_donors()), public_id=public_id)
    is_known = request.user.has_perm("donors.view_donor", donor)
    if not donor.may_be_named and not is_known:
        get_object_or_404(queries.public_donors(), public_id=public_id)
    panels = [panel(donor, request=request) for panel in panels_for("donors.donor")]
    return render(request, "donors/donor_detail.html", {"donor": donor, "panels": panels, "is_known": is_known})


@permission_required("donors.edit_donor")
def donor_desk(request: HttpRequest) -> HttpResponseBase:
    """Staff: all donors."""
    return listing.render(
        request, DonorDeskListing, queryset=queries.active_donors(), template="donors/donor_desk.html"
    )


@permission_required("donors.edit_donor")
def donor_create(request: HttpRequest) -> HttpResponse:
    """Staff: enter a donor."""
    form = DonorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            donor = actions.create_donor(draft=form.draft, by=acting(request))
            messages.success(request, _("%(donor)s is entered.") % {"donor": donor})
            return redirect(donor_url(donor))
    return render(request, "donors/donor_form.html", {"form": form, "donor": None})


def _donor(request: HttpRequest, public_id: str, **_rest: str) -> Donor:
    donor = get_object_or_404(Donor, public_id=public_id)
    if not request.user.has_perm("donors.view_donor", donor):
        get_object_or_404(queries.public_donors(), pk=donor.pk)
    return donor


@permission_required("donors.edit_donor", fn=_donor)
def donor_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Staff: change what is known of a donor."""
    donor = _donor(request, public_id)
    initial = {name: getattr(donor, name) for name in DonorForm.base_fields}
    form = DonorForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            actions.change_donor(donor=donor, draft=form.draft, by=acting(request))
            return redirect(donor_url(donor))
    return render(request, "donors/donor_form.html", {"form": form, "donor": donor})


def _file(request: HttpRequest, donor: Donor, **refused: forms.Form) -> HttpResponse:
    """What only the grants desk knows of a donor; a form that was refused is shown with its errors."""
    empty = {"contact_form": ContactForm(), "consent_form": ConsentForm(), "point_form": PointForm()}
    context = {
        "donor": donor,
        "contacts": queries.contacts_of(donor, timezone.now()),
        "consents": queries.consents_of(donor),
        "points": queries.contact_points_of(donor),
        **(empty | refused),
    }
    return render(request, "donors/donor_file.html", context)


def _to_file(donor: Donor) -> HttpResponse:
    return redirect("donors:donor-file", public_id=donor.public_id)


@permission_required("donors.edit_donor", fn=_donor)
def donor_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """Staff: who speaks for a donor, what it agrees to, how it is reached."""
    return _file(request, _donor(request, public_id))


@require_POST
@permission_required("donors.edit_donor", fn=_donor)
def contact_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let a person see the donor's pledges."""
    donor, form = _donor(request, public_id), ContactForm(request.POST)
    if form.is_valid():
        with refusals_as_form_errors(form):
            access = actions.grant_portal_access(donor=donor, user=form.cleaned_data["email"], by=acting(request))
            messages.success(
                request, _("%(user)s sees the pledges of %(donor)s.") % {"user": access.user, "donor": donor}
            )
            return _to_file(donor)
    return _file(request, donor, contact_form=form)


@require_POST
@permission_required("donors.edit_donor", fn=_donor)
def contact_end(request: HttpRequest, public_id: str, user_id: str) -> HttpResponse:
    """End a person's view of the donor."""
    donor = _donor(request, public_id)
    access = get_object_or_404(PortalAccess, donor=donor, user__public_id=user_id, ends_at__isnull=True)
    actions.end_portal_access(donor=donor, user=access.user, by=acting(request))
    messages.success(
        request, _("%(user)s no longer sees the pledges of %(donor)s.") % {"user": access.user, "donor": donor}
    )
    return _to_file(donor)


@require_POST
@permission_required("donors.edit_donor", fn=_donor)
def consent_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note what the donor agreed to."""
    donor, form = _donor(request, public_id), ConsentForm(request.POST)
    if form.is_valid():
        purpose = ConsentPurpose(form.cleaned_data["purpose"])
        actions.grant_consent(donor=donor, purpose=purpose, source=form.cleaned_data["source"], by=acting(request))
        messages.success(request, _("The consent is noted."))
        return _to_file(donor)
    return _file(request, donor, consent_form=form)


@require_POST
@permission_required("donors.edit_donor", fn=_donor)
def consent_end(request: HttpRequest, public_id: str, purpose: str) -> HttpResponse:
    """Note that the donor agrees no longer."""
    donor = _donor(request, public_id)
    consent = get_object_or_404(queries.consents_of(donor), purpose=purpose)
    actions.withdraw_consent(donor=donor, purpose=ConsentPurpose(consent.purpose), by=acting(request))
    messages.success(request, _("The consent is withdrawn."))
    return _to_file(donor)


@require_POST
@permission_required("donors.edit_donor", fn=_donor)
def point_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note a way to reach the donor."""
    donor, form = _donor(request, public_id), PointForm(request.POST)
    if form.is_valid():
        channel = ContactChannel(form.cleaned_data["channel"])
        actions.add_contact_point(donor=donor, channel=channel, value=form.cleaned_data["value"], by=acting(request))
        messages.success(request, _("Saved."))
        return _to_file(donor)
    return _file(request, donor, point_form=form)
