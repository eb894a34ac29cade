"""Pages about projects and their people."""

from typing import ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from compute.allocations import actions, queries
from compute.allocations.enums import MemberRole, ProjectStatus
from compute.allocations.forms import MemberForm, NewProjectForm, ProjectForm, project_initial
from compute.allocations.models import Membership, Project
from compute.allocations.rules import by_type, standing_of_project
from compute.allocations.views.access import project_url, reader, visible_membership, visible_project
from institute.core.ports import panels_for
from institute.core.ui import badges, listing
from institute.core.ui.forms import ReasonForm, refusals_as_form_errors, render
from institute.people.access import acting, permission_required

SHOWN = 5
MOST_PEOPLE = 12


class ProjectListing(listing.Listing[Project]):
    """Projects."""

    title = gettext_lazy("Projects")
    lede = gettext_lazy("Who works on what, with whose hours.")
    columns: ClassVar = [
        listing.Column(
            "title",
            gettext_lazy("Project"),
            lambda p: p.title,
            url=project_url,
            detail=lambda p: p.handle,
            sort="title",
        ),
        listing.Column(
            "status", gettext_lazy("Status"), lambda p: p.get_status_display(), show=lambda p: badges.badge_for(p)
        ),
        listing.Column("people", gettext_lazy("People"), lambda p: p.member_count, is_number=True),
        listing.Column("purpose", gettext_lazy("Purpose"), lambda p: p.get_purpose_display()),
    ]
    filters: ClassVar = [listing.Filter("status", gettext_lazy("Status"), ProjectStatus)]
    search: ClassVar = ["title", "handle", "summary"]
    default_sort = "title"
    empty = listing.Empty(
        gettext_lazy("No projects yet"),
        gettext_lazy("Operations enter projects; you see those that you work on."),
    )


@permission_required("allocations.list_projects")
def project_list(request: HttpRequest) -> HttpResponseBase:
    """Staff see all projects, others their own."""
    now = timezone.now()
    visible = queries.with_counts(queries.projects_visible_to(reader(request), now), now)
    return listing.render(request, ProjectListing, queryset=visible, template="allocations/project_list.html")


@permission_required("allocations.create_project")
def project_create(request: HttpRequest) -> HttpResponse:
    """Enter a project with its first lead."""
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            lead = form.cleaned_data["lead"]
            project = actions.create_project(draft=form.draft, lead=lead, by=acting(request))
            messages.success(request, _("%(project)s is entered.") % {"project": project})
            return redirect(project_url(project))
    return render(request, "allocations/project_form.html", {"form": form, "project": None})


@permission_required("allocations.view_project", fn=visible_project)
def project_detail(request: HttpRequest, handle: str) -> HttpResponse:
    """One project: hours by type, allocations, requests, people."""
    project, now, user = visible_project(request, handle), timezone.now(), reader(request)
    standing, has_older = standing_of_project(project, now)
    requests = queries.requests_visible_to(user, now).filter(project=project)
    context = {
        "project": project,
        "standing": standing,
        "has_older": has_older,
        "types": by_type(standing),
        "requests": requests[:SHOWN],
        "members": queries.members_of(project, now)[:MOST_PEOPLE],
        "panels": [panel(project, request=request) for panel in panels_for("allocations.project")],
        "may_request": user.has_perm("allocations.submit_request", project),
        "may_edit": user.has_perm("allocations.edit_project", project),
    }
    return render(request, "allocations/project_detail.html", context)


@permission_required("allocations.edit_project", fn=visible_project)
def project_edit(request: HttpRequest, handle: str) -> HttpResponse:
    """Change what a project says of itself."""
    project = visible_project(request, handle)
    form = ProjectForm(request.POST or None, initial=project_initial(project))
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            project = actions.change_project(project=project, changes=form.changes, by=acting(request))
            messages.success(request, _("Saved."))
            return redirect(project_url(project))
    return render(request, "allocations/project_form.html", {"form": form, "project": project})


@permission_required("allocations.create_project", fn=visible_project)
def project_archive(request: HttpRequest, handle: str) -> HttpResponse:
    """End a project's work."""
    project = visible_project(request, handle)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            actions.archive_project(project=project, reason=form.cleaned_data["reason"], by=acting(request))
            return redirect(project_url(project))
    context = {"form": form, "subject": project, "back": project_url(project), "title": _("Archive")}
    return render(request, "allocations/decision.html", context)


class MemberListing(listing.Listing[Membership]):
    """Who works on a project now."""

    title = gettext_lazy("Now")
    columns: ClassVar = [
        listing.Column("name", gettext_lazy("Name"), lambda m: str(m.user), sort="user__name"),
        listing.Column("role", gettext_lazy("Role"), lambda m: m.get_role_display(), sort="role"),
        listing.Column("since", gettext_lazy("Since"), lambda m: m.starts_at, sort="starts_at"),
    ]
    filters: ClassVar = [listing.Filter("role", gettext_lazy("Role"), MemberRole)]
    search: ClassVar = ["user__name"]
    default_sort = "role"
    table_template = "allocations/_members.html"


@permission_required("allocations.view_project", fn=visible_project)
def member_list(request: HttpRequest, handle: str) -> HttpResponseBase:
    """Who works on a project; leads and operations add people here."""
    project, now = visible_project(request, handle), timezone.now()
    may_manage = reader(request).has_perm("allocations.manage_members", project)
    form = MemberForm(request.POST or None) if may_manage else None
    if request.method == "POST" and form is not None and form.is_valid():
        with refusals_as_form_errors(form):
            user, role = form.cleaned_data["email"], MemberRole(form.cleaned_data["role"])
            actions.add_member(project=project, user=user, role=role, by=acting(request))
            messages.success(request, _("%(user)s now works on %(project)s.") % {"user": user, "project": project})
            return redirect("allocations:member-list", handle=project.handle)
    members, context = queries.members_of(project, now), {"project": project, "form": form}
    return listing.render(
        request, MemberListing, queryset=members, template="allocations/member_list.html", context=context
    )


@require_POST
@permission_required("allocations.manage_members", fn=visible_project)
def member_end(request: HttpRequest, handle: str, public_id: str) -> HttpResponse:
    """End a person's part in a project."""
    membership = visible_membership(request, handle, public_id)
    actions.end_membership(membership=membership, by=acting(request))
    messages.success(request, _("%(user)s no longer works on it.") % {"user": membership.user})
    return redirect("allocations:member-list", handle=membership.project.handle)
