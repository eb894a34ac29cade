"""Pages about requests for hours."""

from datetime import UTC, timedelta
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from compute.allocations import actions, queries
from compute.allocations.enums import REQUEST_EDITABLE, REQUEST_WAITING, RequestKind, RequestStatus
from compute.allocations.forms import AwardForm, BaseLineFormSet, RequestForm, line_forms, line_initial
from compute.allocations.models import Project, Request
from compute.allocations.rules import openings_for
from compute.allocations.views.access import (
    allocation_url,
    project_url,
    reader,
    request_url,
    visible_project,
    visible_request,
)
from institute.core.states import history_of
from institute.core.ui import badges, formats, listing
from institute.core.ui.forms import ReasonForm, refusals_as_form_errors, render
from institute.people.access import acting, permission_required


class RequestListing(listing.Listing[Request]):
    """Requests for hours."""

    title = gettext_lazy("Requests")
    lede = gettext_lazy("Who asks for hours, and what became of it.")
    columns: ClassVar = [
        listing.Column(
            "project",
            gettext_lazy("Project"),
            lambda r: r.project.title,
            url=request_url,
            detail=lambda r: r.get_kind_display(),
        ),
        listing.Column(
            "asked",
            gettext_lazy("Asked"),
            lambda r: sum(line.amount_requested for line in r.lines_loaded),
            show=lambda r: ", ".join(formats.hours_text(line.amount_requested, line.type) for line in r.lines_loaded),
            is_number=True,
            unit=gettext_lazy("accelerator-seconds"),
        ),
        listing.Column(
            "status", gettext_lazy("Status"), lambda r: r.get_status_display(), show=lambda r: badges.badge_for(r)
        ),
        listing.Column(
            "submitted",
            gettext_lazy("Submitted"),
            lambda r: r.submitted_at,
            show=lambda r: formats.when(r.submitted_at),
            sort="submitted_at",
            is_nullable=True,
        ),
    ]
    filters: ClassVar = [
        listing.Filter("status", gettext_lazy("Status"), RequestStatus),
        listing.Filter("kind", gettext_lazy("Kind"), RequestKind),
    ]
    search: ClassVar = ["project__title", "project__handle"]
    sorts: ClassVar = [listing.Sort("-newest", gettext_lazy("newest first"), "-pk")]
    default_sort = "-newest"
    empty = listing.Empty(
        gettext_lazy("No requests yet"), gettext_lazy("A project's lead asks for hours on the project's page.")
    )


@permission_required("allocations.list_projects")
def request_list(request: HttpRequest) -> HttpResponseBase:
    """Staff see every request that was submitted, others those of their projects."""
    visible = queries.with_lines(queries.requests_visible_to(reader(request), timezone.now()))
    return listing.render(request, RequestListing, queryset=visible)


@permission_required("allocations.submit_request", fn=visible_project)
def request_create(request: HttpRequest, handle: str) -> HttpResponse:
    """Write a request: declarations, calculation and who could give, on one page."""
    project = visible_project(request, handle)
    form = RequestForm(request.POST or None)
    lines = line_forms(_with_one_more_line(request))
    if _is_saved(request, form, lines):
        with refusals_as_form_errors(form):
            draft = form.draft(lines.drafts)
            return redirect(request_url(actions.draft_request(project=project, draft=draft, by=acting(request))))
    return _request_form(request, project, form, lines)


@permission_required("allocations.submit_request", fn=visible_request)
def request_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a draft or a returned request."""
    asked = visible_request(request, public_id)
    names = ("kind", "justification", "output_licence", "accepts_publishing")
    form = RequestForm(request.POST or None, initial={name: getattr(asked, name) for name in names})
    lines = line_forms(_with_one_more_line(request), line_initial(asked))
    if _is_saved(request, form, lines):
        with refusals_as_form_errors(form):
            actions.change_request(request=asked, draft=form.draft(lines.drafts), by=acting(request))
            return redirect(request_url(asked))
    return _request_form(request, asked.project, form, lines, asked=asked)


def _with_one_more_line(request: HttpRequest) -> QueryDict | None:
    """What was posted; the button "add a line" asks for one more form."""
    if request.method != "POST":
        return None
    data = request.POST.copy()
    total = data.get("lines-TOTAL_FORMS", "")
    if "add" in data and total.isdigit() and len(total) < 3:
        data["lines-TOTAL_FORMS"] = str(min(int(total) + 1, 20))
    return data


def _is_saved(request: HttpRequest, form: RequestForm, lines: BaseLineFormSet) -> bool:
    """True if everything is valid and was not only to be calculated."""
    if request.method != "POST" or {"add", "calculate"} & set(request.POST) or request.headers.get("HX-Request"):
        return False
    return form.is_valid() & lines.is_valid()


def _request_form(
    request: HttpRequest, project: Project, form: RequestForm, lines: BaseLineFormSet, **context: Any
) -> HttpResponse:
    """The page, or for htmx its calculation alone."""
    form.is_valid()
    drafts, declared = lines.valid_drafts, getattr(form, "cleaned_data", {})
    openings = openings_for(project, drafts, declared=declared, now=timezone.now())
    context |= {"project": project, "form": form, "lines": lines, "drafts": drafts, "openings": openings}
    is_partial = bool(request.headers.get("HX-Request"))
    template = "allocations/_calculation.html" if is_partial else "allocations/request_form.html"
    return render(request, template, context)


@permission_required("allocations.view_request", fn=visible_request)
def request_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One request: calculation, declarations, decision."""
    asked, user = visible_request(request, public_id), reader(request)
    may_edit = user.has_perm("allocations.submit_request", asked)
    context = {
        "asked": asked,
        "lines": asked.current_lines.select_related("type"),
        "allocation": getattr(asked, "allocation", None),
        "history": history_of(asked),
        "may_edit": may_edit and asked.status in REQUEST_EDITABLE,
        "may_withdraw": may_edit and asked.status in {*REQUEST_EDITABLE, *REQUEST_WAITING},
        "may_decide": user.has_perm("allocations.decide_request", asked) and asked.status in REQUEST_WAITING,
    }
    return render(request, "allocations/request_detail.html", context)


@require_POST
@permission_required("allocations.submit_request", fn=visible_request)
def request_submit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand it in."""
    asked = actions.submit_request(request=visible_request(request, public_id), by=acting(request))
    messages.success(request, _("Submitted. Operations decide; you will see it here."))
    return redirect(request_url(asked))


@require_POST
@permission_required("allocations.submit_request", fn=visible_request)
def request_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take it back."""
    asked = actions.withdraw_request(request=visible_request(request, public_id), by=acting(request))
    return redirect(project_url(asked.project))


@permission_required("allocations.decide_request", fn=visible_request)
def request_approve(request: HttpRequest, public_id: str) -> HttpResponse:
    """Grant it: who gives how much, and for how long."""
    asked, now = visible_request(request, public_id), timezone.now()
    lines = list(asked.current_lines.select_related("type").prefetch_related("alternatives"))
    form = AwardForm(request.POST or None, givers=queries.givers_for(lines, now), initial=_window(lines, now))
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            allocation = actions.approve_request(request=asked, award=form.award, by=acting(request), now=now)
            messages.success(request, _("Approved. The project can use its hours now."))
            return redirect(allocation_url(allocation))
    context = {"asked": asked, "lines": lines, "form": form, "has_givers": bool(form.givers)}
    return render(request, "allocations/request_approve.html", context)


def _window(lines: list[Any], now: Any) -> dict[str, Any]:
    starts = min((line.starts_at for line in lines), default=now)
    ends = max((line.ends_at for line in lines), default=now)
    return {
        "starts_on": starts.astimezone(UTC).date(),
        "ends_on": (ends.astimezone(UTC) - timedelta(seconds=1)).date(),
        "priority": 50,
    }


@permission_required("allocations.decide_request", fn=visible_request)
def request_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say no, with a reason."""
    return _decide(request, public_id, _("Decline"), actions.decline_request)


@permission_required("allocations.decide_request", fn=visible_request)
def request_return(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give it back for changes, with a reason."""
    return _decide(request, public_id, _("Return for changes"), actions.return_request)


def _decide(request: HttpRequest, public_id: str, title: str, act: Any) -> HttpResponse:
    asked = visible_request(request, public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            act(request=asked, reason=form.cleaned_data["reason"], by=acting(request))
            return redirect(request_url(asked))
    context = {"form": form, "subject": asked, "back": request_url(asked), "title": title}
    return render(request, "allocations/decision.html", context)
