"""Pages about allocations: the basket, and how it runs down."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from babel.dates import format_date
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compute.allocations import actions, queries
from compute.allocations.enums import AllocationStatus
from compute.allocations.models import Allocation
from compute.allocations.rules import Standing, standing_of
from compute.allocations.views.access import allocation_url, reader, visible_allocation, visible_source
from institute.core.ports import panels_for
from institute.core.states import history_of
from institute.core.ui import badges, charts, formats, listing
from institute.core.ui.forms import ReasonForm, refusals_as_form_errors, render
from institute.people.access import acting, permission_required, signed_in


class AllocationListing(listing.Listing[Allocation]):
    """Allocations."""

    title = gettext_lazy("Allocations")
    lede = gettext_lazy("Hours that were granted to projects.")
    columns: ClassVar = [
        listing.Column("project", gettext_lazy("Project"), lambda a: a.project.title, url=allocation_url),
        listing.Column(
            "status", gettext_lazy("Status"), lambda a: a.get_status_display(), show=lambda a: badges.badge_for(a)
        ),
        listing.Column(
            "starts",
            gettext_lazy("From"),
            lambda a: a.starts_at,
            show=lambda a: formats.when(a.starts_at),
            sort="starts_at",
        ),
        listing.Column(
            "ends", gettext_lazy("Until"), lambda a: a.ends_at, show=lambda a: formats.when(a.ends_at), sort="ends_at"
        ),
        listing.Column("priority", gettext_lazy("Priority"), lambda a: a.priority, is_number=True, sort="priority"),
    ]
    filters: ClassVar = [listing.Filter("status", gettext_lazy("Status"), AllocationStatus)]
    search: ClassVar = ["project__title", "project__handle"]
    sorts: ClassVar = [listing.Sort("-newest", gettext_lazy("newest first"), "-pk")]
    default_sort = "-newest"
    empty = listing.Empty(
        gettext_lazy("No allocations yet"), gettext_lazy("An approved request becomes an allocation.")
    )


@signed_in
def allocation_list(request: HttpRequest) -> HttpResponseBase:
    """Staff see all allocations, members those of their projects, donors' contacts those their pledges feed."""
    visible = queries.allocations_visible_to(reader(request), timezone.now())
    return listing.render(request, AllocationListing, queryset=visible)


@permission_required("allocations.view_allocation", fn=visible_allocation)
def allocation_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One allocation: who gives what, what is left, what may be used now, and why not."""
    allocation, now = visible_allocation(request, public_id), timezone.now()
    standing = standing_of(allocation, now)
    history = queries.burn_down(allocation)
    context = {
        "allocation": allocation,
        "standing": standing,
        "burn_down": burn_down_chart(allocation, history, standing, now),
        "lasts_until": queries.lasts_until(history, now) if history else None,
        "history": history_of(allocation),
        "panels": [panel(allocation, request=request) for panel in panels_for("allocations.allocation")],
        "may_freeze": reader(request).has_perm("allocations.freeze_allocation", allocation),
    }
    return render(request, "allocations/allocation_detail.html", context)


def burn_down_chart(
    allocation: Allocation, history: list[tuple[date, int]], standing: list[Standing], now: datetime
) -> SafeString:
    """Hours left by day against an even pace from all that was awarded; empty while nothing was."""
    if not history:
        return charts.line_chart([])
    left = [charts.Point(float(day.toordinal()), seconds / 3600) for day, seconds in history]
    today = now.astimezone(UTC).date()
    if history[-1][0] < today:
        left.append(charts.Point(float(today.toordinal()), history[-1][1] / 3600))
    start, end = (float(at.astimezone(UTC).date().toordinal()) for at in (allocation.starts_at, allocation.ends_at))
    awarded = sum(row.balances.awarded for row in standing) / 3600
    units = {row.source.pledge.supply.type.unit_label for row in standing}
    return charts.line_chart(
        [
            charts.Curve(_("left"), left),
            charts.Curve(_("even pace"), [charts.Point(start, awarded), charts.Point(end, 0.0)]),
        ],
        x_axis=charts.Axis(_("day"), format=_day),
        y_axis=charts.Axis(units.pop() if len(units) == 1 else _("hours"), low=0),
    )


def _day(ordinal: float) -> str:
    return format_date(date.fromordinal(1) + timedelta(days=int(ordinal) - 1), "d MMM", locale=formats.locale())


def _decide(request: HttpRequest, public_id: str, title: str, act: Callable[..., Any]) -> HttpResponse:
    allocation = visible_allocation(request, public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            act(allocation=allocation, reason=form.cleaned_data["reason"], by=acting(request))
            return redirect(allocation_url(allocation))
    context = {"form": form, "subject": allocation, "back": allocation_url(allocation), "title": title}
    return render(request, "allocations/decision.html", context)


@permission_required("allocations.freeze_allocation", fn=visible_allocation)
def allocation_freeze(request: HttpRequest, public_id: str) -> HttpResponse:
    """Allow no new hold."""
    return _decide(request, public_id, _("Freeze"), actions.freeze_allocation)


@permission_required("allocations.freeze_allocation", fn=visible_allocation)
def allocation_unfreeze(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let hours be held again."""
    return _decide(request, public_id, _("Unfreeze"), actions.unfreeze_allocation)


@permission_required("allocations.freeze_allocation", fn=visible_allocation)
def allocation_close(request: HttpRequest, public_id: str) -> HttpResponse:
    """End it for good."""
    return _decide(request, public_id, _("Close"), actions.close_allocation)


@permission_required("allocations.freeze_allocation", fn=visible_allocation)
def source_lock(request: HttpRequest, public_id: str, source_id: str) -> HttpResponse:
    """Take one source out of the draw, or put it back (no reason)."""
    source = visible_source(request, public_id, source_id)
    form = ReasonForm(request.POST or None, initial={"reason": source.locked_reason})
    form.fields["reason"].required = False
    if request.method == "POST" and form.is_valid():
        actions.lock_source(source=source, reason=form.cleaned_data["reason"], by=acting(request))
        return redirect(allocation_url(source.allocation))
    back = allocation_url(source.allocation)
    context = {"form": form, "subject": source.pledge, "back": back, "title": _("Lock (empty: unlock)")}
    return render(request, "allocations/decision.html", context)
