"""The staff's first page, the outbox and the audit trail."""

from typing import ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from institute.core.enums import OutboxStatus
from institute.core.models import AuditEntry, OutboxMessage
from institute.core.ui import badges, formats, listing
from institute.core.ui.forms import ReasonForm
from institute.people.access import acting, permission_required
from institute.staff import actions, queries


@permission_required("staff.view_today")
def dashboard(request: HttpRequest) -> HttpResponse:
    """What needs somebody today."""
    now = timezone.now()
    today = queries.today(now)
    steps = [] if today.pledges else [(step, request.user.has_perm(step.permission)) for step in queries.first_steps()]
    return render(request, "staff/dashboard.html", {"today": today, "steps": steps, "now": now})


class OutboxListing(listing.Listing[OutboxMessage]):
    """Events on their way."""

    title = gettext_lazy("Outbox")
    lede = gettext_lazy("Facts and effects on their way; a dead letter holds back what follows it.")
    columns: ClassVar = [
        listing.Column("topic", gettext_lazy("Event"), lambda m: m.topic, detail=lambda m: m.receiver),
        listing.Column("subject", gettext_lazy("Subject"), lambda m: m.subject),
        listing.Column(
            "status",
            gettext_lazy("Status"),
            lambda m: m.get_status_display(),
            show=lambda m: badges.badge_for(OutboxStatus(m.status)),
            detail=lambda m: m.error,
        ),
        listing.Column("tries", gettext_lazy("Tries"), lambda m: m.tries, is_number=True),
        listing.Column(
            "published",
            gettext_lazy("Published"),
            lambda m: m.published_at,
            show=lambda m: formats.when(m.published_at),
        ),
    ]
    filters: ClassVar = [listing.Filter("status", gettext_lazy("Status"), OutboxStatus)]
    search: ClassVar = ["topic", "subject", "receiver"]
    empty = listing.Empty(gettext_lazy("Nothing is on its way"))


@permission_required("staff.view_outbox")
def outbox_list(request: HttpRequest) -> HttpResponseBase:
    """Every message, dead letters on top with their decisions."""
    letters = OutboxMessage.objects.filter(status=OutboxStatus.DEAD).order_by("id")[:25]
    return listing.render(
        request,
        OutboxListing,
        queryset=OutboxMessage.objects.all(),
        template="staff/outbox_list.html",
        context={"dead_letters": letters},
    )


def _letter(request: HttpRequest, event_id: str, pk: int) -> OutboxMessage:
    return get_object_or_404(OutboxMessage, event_id=event_id, pk=pk)


@require_POST
@permission_required("staff.decide_dead_letter", fn=_letter)
def letter_retry(request: HttpRequest, event_id: str, pk: int) -> HttpResponse:
    """Try a dead letter again."""
    actions.retry_letter(message=_letter(request, event_id, pk), by=acting(request))
    messages.success(request, _("It will be delivered again."))
    return redirect("staff:outbox-list")


@require_POST
@permission_required("staff.decide_dead_letter", fn=_letter)
def letter_discard(request: HttpRequest, event_id: str, pk: int) -> HttpResponse:
    """Give a dead letter up, with a reason."""
    message = _letter(request, event_id, pk)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    actions.discard_letter(message=message, by=acting(request), reason=reason)
    messages.success(request, _("It is given up; what follows it goes on."))
    return redirect("staff:outbox-list")


class AuditListing(listing.Listing[AuditEntry]):
    """Who did what."""

    title = gettext_lazy("Audit trail")
    lede = gettext_lazy("Everything that people, tokens, jobs and the system did; sealed in a hash chain.")
    columns: ClassVar = [
        listing.Column("at", gettext_lazy("When"), lambda e: e.happened_at, show=lambda e: formats.when(e.happened_at)),
        listing.Column("action", gettext_lazy("What"), lambda e: e.action),
        listing.Column("subject", gettext_lazy("To what"), lambda e: e.subject_id, detail=lambda e: e.subject_kind),
        listing.Column("by", gettext_lazy("By"), lambda e: e.by),
    ]
    search: ClassVar = ["action", "subject_id", "by"]
    empty = listing.Empty(gettext_lazy("Nothing has been done yet"))


@permission_required("staff.view_audit")
def audit_list(request: HttpRequest) -> HttpResponseBase:
    """The audit trail, newest first."""
    return listing.render(request, AuditListing, queryset=AuditEntry.objects.all())
