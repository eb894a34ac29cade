"""Pages about pledges and duties."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from grants.funding import actions, queries
from grants.funding.enums import ObligationKind, ObligationStatus, PledgeStatus
from grants.funding.forms import PledgeForm, WithdrawForm
from grants.funding.models import Obligation, Pledge
from institute.core.ports import panels_for
from institute.core.states import history_of
from institute.core.ui import badges, formats, listing
from institute.core.ui.forms import ReasonForm, refusals_as_form_errors, render
from institute.people.access import acting, once, permission_required, signed_in
from institute.people.models import User


def pledge_url(pledge: Pledge) -> str:
    """The page of a pledge."""
    return reverse("funding:pledge-detail", args=[pledge.public_id])


def _amount(pledge: Pledge) -> int:
    return queries.current_terms(pledge).amount


class PledgeListing(listing.Listing[Pledge]):
    """Pledges."""

    title = gettext_lazy("Pledges")
    lede = gettext_lazy("What was promised, until when, and how it stands.")
    columns: ClassVar = [
        listing.Column("title", gettext_lazy("Pledge"), lambda p: p.title, url=pledge_url, sort="title"),
        listing.Column("donor", gettext_lazy("Donor"), lambda p: p.donor.name, sort="donor__sort_key"),
        listing.Column(
            "status", gettext_lazy("Status"), lambda p: p.get_status_display(), show=lambda p: badges.badge_for(p)
        ),
        listing.Column(
            "amount",
            gettext_lazy("Promised"),
            _amount,
            show=lambda p: formats.hours(_amount(p)),
            detail=lambda p: queries.current_terms(p).type_slug,
            is_number=True,
            unit="s",
        ),
        listing.Column(
            "ends",
            gettext_lazy("Ends"),
            lambda p: p.window_ends_at,
            show=lambda p: formats.when(p.window_ends_at),
            sort="window_ends_at",
        ),
    ]
    filters: ClassVar = [listing.Filter("status", gettext_lazy("Status"), PledgeStatus)]
    search: ClassVar = ["title", "donor__name"]
    default_sort = "ends"
    empty = listing.Empty(
        gettext_lazy("No pledges yet"),
        gettext_lazy("Enter a donor's promise; once accepted its hours can be allocated."),
        gettext_lazy("Enter a pledge"),
        "/pledges/new",
    )


@signed_in
def pledge_list(request: HttpRequest) -> HttpResponseBase:
    """Staff see all pledges, a donor's contact their own; others have none."""
    assert isinstance(request.user, User)  # signed_in
    visible = queries.pledges_visible_to(request.user, timezone.now())
    if not request.user.is_staff and not visible.exists():
        raise Http404
    return listing.render(
        request, PledgeListing, queryset=queries.with_terms(visible), template="funding/pledge_list.html"
    )


@once
def _visible_pledge(request: HttpRequest, public_id: str) -> Pledge:
    """404 for those who may not know of it."""
    assert isinstance(request.user, User)  # asked only for people who signed in
    visible = queries.pledges_visible_to(request.user, timezone.now())
    return get_object_or_404(queries.with_terms(visible), public_id=public_id)


@permission_required("funding.view_pledge", fn=_visible_pledge)
def pledge_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One pledge: terms, clauses, duties, history; balances come in by panel."""
    pledge = _visible_pledge(request, public_id)
    context = {
        "pledge": pledge,
        "terms": queries.current_terms(pledge),
        "restrictions": queries.restrictions_of(pledge),
        "obligations": queries.obligations_of(pledge),
        "history": history_of(pledge),
        "panels": [panel(pledge, request=request) for panel in panels_for("funding.pledge")],
        "today": timezone.now().date(),
    }
    return render(request, "funding/pledge_detail.html", context)


@permission_required("funding.offer_pledge")
def pledge_create(request: HttpRequest) -> HttpResponse:
    """Enter a donor's promise."""
    form = PledgeForm(request.POST or None, initial={"donor": request.GET.get("donor")})
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            pledge = actions.offer_pledge(donor=form.cleaned_data["donor"], draft=form.draft, by=acting(request))
            messages.success(request, _("%(pledge)s is entered. Accept it to open it.") % {"pledge": pledge})
            return redirect(pledge_url(pledge))
    return render(request, "funding/pledge_form.html", {"form": form})


@require_POST
@permission_required("funding.accept_pledge", fn=_visible_pledge)
def pledge_accept(request: HttpRequest, public_id: str) -> HttpResponse:
    """Accept an offered pledge."""
    pledge = actions.accept_pledge(pledge=_visible_pledge(request, public_id), by=acting(request))
    messages.success(request, _("%(pledge)s is accepted.") % {"pledge": pledge})
    return redirect(pledge_url(pledge))


def _decision(
    request: HttpRequest,
    public_id: str,
    *,
    title: str,
    act: Callable[..., Any],
    form_class: type[ReasonForm] = ReasonForm,
) -> HttpResponse:
    """The page that asks for a reason and then acts."""
    pledge = _visible_pledge(request, public_id)
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid():
        extra = {"effective_at": form.effective_at} if isinstance(form, WithdrawForm) else {}
        with refusals_as_form_errors(form):
            act(pledge=pledge, by=acting(request), reason=form.cleaned_data["reason"], **extra)
            return redirect(pledge_url(pledge))
    return render(request, "funding/pledge_decision.html", {"form": form, "pledge": pledge, "title": title})


@permission_required("funding.suspend_pledge", fn=_visible_pledge)
def pledge_suspend(request: HttpRequest, public_id: str) -> HttpResponse:
    """Allow no new hold."""
    return _decision(request, public_id, title=_("Suspend"), act=actions.suspend_pledge)


@permission_required("funding.suspend_pledge", fn=_visible_pledge)
def pledge_resume(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make it usable again."""
    return _decision(request, public_id, title=_("Resume"), act=actions.resume_pledge)


@permission_required("funding.withdraw_pledge", fn=_visible_pledge)
def pledge_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take back what is left."""
    return _decision(request, public_id, title=_("Withdraw"), act=actions.withdraw_pledge, form_class=WithdrawForm)


@permission_required("funding.withdraw_pledge", fn=_visible_pledge)
def pledge_close(request: HttpRequest, public_id: str) -> HttpResponse:
    """End it for good."""
    return _decision(request, public_id, title=_("Close"), act=actions.close_pledge)


class ObligationListing(listing.Listing[Obligation]):
    """Duties."""

    title = gettext_lazy("Duties")
    lede = gettext_lazy("What we owe to donors, and by when.")
    columns: ClassVar = [
        listing.Column(
            "due", gettext_lazy("Due"), lambda o: o.due_on, show=lambda o: formats.when(o.due_on), sort="due_on"
        ),
        listing.Column("kind", gettext_lazy("Kind"), lambda o: o.get_kind_display(), detail=lambda o: o.text),
        listing.Column("pledge", gettext_lazy("Pledge"), lambda o: o.pledge.title, url=lambda o: pledge_url(o.pledge)),
        listing.Column(
            "status", gettext_lazy("Status"), lambda o: o.get_status_display(), show=lambda o: badges.badge_for(o)
        ),
        listing.Column(
            "evidence", gettext_lazy("Fulfilled by"), lambda o: o.evidence_label, url=lambda o: o.evidence_url
        ),
    ]
    filters: ClassVar = [
        listing.Filter("status", gettext_lazy("Status"), ObligationStatus),
        listing.Filter("kind", gettext_lazy("Kind"), ObligationKind),
    ]
    search: ClassVar = ["text", "pledge__title"]
    default_sort = "due"
    empty = listing.Empty(
        gettext_lazy("No duties yet"), gettext_lazy("A pledge's clauses open them when a project first uses its hours.")
    )


@permission_required("funding.list_pledges")
def obligation_list(request: HttpRequest) -> HttpResponseBase:
    """Every duty."""
    duties: QuerySet[Obligation] = Obligation.objects.select_related("pledge__donor")
    return listing.render(request, ObligationListing, queryset=duties)


def _obligation(request: HttpRequest, public_id: str) -> Obligation:
    assert isinstance(request.user, User)  # permission_required
    visible = queries.pledges_visible_to(request.user, timezone.now()).order_by()
    duties = Obligation.objects.select_related("pledge").filter(pledge__in=visible.values("pk"))
    return get_object_or_404(duties, public_id=public_id)


@require_POST
@permission_required("funding.accept_fulfilment", fn=_obligation)
def obligation_accept(request: HttpRequest, public_id: str) -> HttpResponse:
    """Agree that a duty is fulfilled."""
    duty = actions.accept_fulfilment(obligation=_obligation(request, public_id), by=acting(request))
    messages.success(request, _("The duty is fulfilled."))
    return redirect(pledge_url(duty.pledge))


@permission_required("funding.accept_fulfilment", fn=_obligation)
def obligation_send_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say that the evidence does not do."""
    duty = _obligation(request, public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            actions.send_back(obligation=duty, by=acting(request), reason=form.cleaned_data["reason"])
            return redirect(pledge_url(duty.pledge))
    context = {"form": form, "pledge": duty.pledge, "title": _("Send back")}
    return render(request, "funding/pledge_decision.html", context)
