"""Pages about one's account, and the administrators' pages about people."""

from typing import ClassVar

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from institute.core.ui import formats, listing
from institute.core.ui.forms import refusals_as_form_errors, render
from institute.people import actions
from institute.people.access import acting, permission_required, signed_in
from institute.people.enums import Role
from institute.people.forms import EndRoleForm, PersonForm, ProfileForm, RoleForm, TokenForm
from institute.people.models import ApiToken, User
from institute.people.queries import handle_of


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # signed_in
    return request.user


@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: profile, sign-in, roles, tokens."""
    me = _me(request)
    initial = {"name": me.name, "language": me.language, "time_zone": me.time_zone}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            actions.change_profile(user=me, by=acting(request), **form.cleaned_data)
            translation.activate(form.cleaned_data["language"])
            messages.success(request, _("Your profile is saved."))
            return redirect("people:account")
    context = {"form": form, "handle": handle_of(me.public_id), "roles": sorted(role.label for role in me.roles)}
    return render(request, "people/account.html", context)


class TokenListing(listing.Listing[ApiToken]):
    """One's usable tokens."""

    title = gettext_lazy("Your tokens")
    columns: ClassVar = [
        listing.Column("name", gettext_lazy("Name"), lambda t: t.name, sort="name"),
        listing.Column("opens", gettext_lazy("Opens"), lambda t: ", ".join(t.scopes)),
        listing.Column("until", gettext_lazy("Valid until"), lambda t: t.expires_at, sort="expires_at"),
        listing.Column("used", gettext_lazy("Last used"), lambda t: t.last_used_on),
    ]
    search: ClassVar = ["name"]
    sorts: ClassVar = [listing.Sort("-newest", gettext_lazy("newest first"), "-pk")]
    default_sort = "-newest"
    empty = listing.Empty(gettext_lazy("None yet."))
    table_template = "people/_tokens.html"


@signed_in
@transaction.atomic  # an address with a wrong order or cursor is refused after the token is made
def token_list(request: HttpRequest) -> HttpResponseBase:
    """One's tokens, and a form for a new one; a new token is shown once, on the answer to the form."""
    me, secret = _me(request), ""
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with refusals_as_form_errors(form):
            _token, secret = actions.create_token(
                user=me, name=data["name"], scopes=data["scopes"], expires_at=form.expires_at, by=acting(request)
            )
            form = TokenForm()
    tokens, context = me.api_tokens.filter(revoked_at__isnull=True), {"form": form, "secret": secret}
    answer = listing.render(request, TokenListing, queryset=tokens, template="people/token_list.html", context=context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@signed_in
def token_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """End one of one's own tokens."""
    token = get_object_or_404(ApiToken, public_id=public_id, user=_me(request))
    actions.revoke_token(token=token, by=acting(request))
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("people:token-list")


class PersonListing(listing.Listing[User]):
    """People."""

    title = gettext_lazy("People and roles")
    columns: ClassVar = [
        listing.Column(
            "name",
            gettext_lazy("Name"),
            lambda u: u.name,
            url=lambda u: reverse("people:person-detail", args=[u.public_id]),
            sort="name",
        ),
        listing.Column("email", gettext_lazy("E-mail address"), lambda u: u.email, sort="email"),
        listing.Column(
            "roles",
            gettext_lazy("Roles"),
            lambda u: ", ".join(str(Role(grant.role).label) for grant in u.role_grants.all() if grant.ends_at is None),
        ),
        listing.Column(
            "joined",
            gettext_lazy("Since"),
            lambda u: u.joined_at.date(),
            show=lambda u: formats.when(u.joined_at),
            sort="joined_at",
        ),
    ]
    search: ClassVar = ["name", "email"]
    default_sort = "name"


@permission_required("people.manage_roles")
def person_list(request: HttpRequest) -> HttpResponseBase:
    """Administrators: everybody."""
    people = User.objects.prefetch_related("role_grants")
    return listing.render(request, PersonListing, queryset=people, template="people/person_list.html")


@permission_required("people.manage_roles")
def person_create(request: HttpRequest) -> HttpResponse:
    """Administrators: a new person with roles."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with refusals_as_form_errors(form), transaction.atomic():
            user = actions.create_user(
                email=data["email"], name=data["name"], password=data["password"], by=acting(request)
            )
            for role in data["roles"]:
                actions.grant_role(user=user, role=Role(role), by=acting(request))
            return redirect("people:person-detail", user.public_id)
    return render(request, "people/person_form.html", {"form": form})


def _person(request: HttpRequest, public_id: str) -> User:
    return get_object_or_404(User, public_id=public_id)


@permission_required("people.manage_roles", fn=_person)
def person_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Administrators: one person and their roles; a POST gives one."""
    person = _person(request, public_id)
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.grant_role(user=person, role=Role(form.cleaned_data["role"]), by=acting(request))
        return redirect("people:person-detail", public_id)
    grants = person.role_grants.order_by("-ends_at", "role")
    return render(request, "people/person_detail.html", {"person": person, "form": form, "grants": grants})


@permission_required("people.manage_roles", fn=_person)
def role_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """Administrators: take a role back, with a reason."""
    person = _person(request, public_id)
    form = EndRoleForm(request.POST or None, initial={"role": request.GET.get("role")})
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            role, reason = Role(form.cleaned_data["role"]), form.cleaned_data["reason"]
            actions.end_role(user=person, role=role, by=acting(request), reason=reason)
            return redirect("people:person-detail", public_id)
    return render(request, "people/role_end.html", {"person": person, "form": form})
