"""The list of jobs."""

from typing import ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compute.allocations.queries import projects_visible_to
from compute.jobs import queries
from compute.jobs.enums import JobStatus
from compute.jobs.models import Job
from compute.jobs.views.access import reader
from compute.recipes import registry
from institute.core.ui import badges, formats, listing
from institute.people.access import permission_required

MOST_PROJECTS = 100


def _projects(request: HttpRequest) -> list[tuple[str, str]]:
    found = projects_visible_to(reader(request), timezone.now())[:MOST_PROJECTS]
    return [(project.handle, project.title) for project in found]


def _recipes(request: HttpRequest) -> list[tuple[str, str]]:
    return [(recipe.name, recipe.name) for recipe in registry.all_recipes()]


class JobListing(listing.Listing[Job]):
    """Jobs."""

    title = _("Jobs")
    lede = _("What is trained, on whose hours, and how it stands.")
    columns: ClassVar = [
        listing.Column("name", _("Job"), lambda j: j.name, url=lambda j: j.get_absolute_url(), sort="name"),
        listing.Column("project", _("Project"), lambda j: j.project.title),
        listing.Column("recipe", _("Recipe"), lambda j: j.recipe, sort="recipe"),
        listing.Column("status", _("Status"), lambda j: j.get_status_display(), show=badges.badge_for),
        listing.Column(
            "asked",
            _("Longest use"),
            lambda j: j.hold_seconds,
            show=lambda j: formats.hours(j.hold_seconds, j.accelerator_type),
            is_number=True,
            unit=_("accelerator-seconds"),
        ),
        listing.Column(
            "submitted", _("Submitted"), lambda j: j.created_at, show=lambda j: formats.when(j.created_at), sort="pk"
        ),
        listing.Column("ended", _("Ended"), lambda j: j.ended_at, show=lambda j: formats.when(j.ended_at)),
    ]
    filters: ClassVar = [
        listing.Filter("status", _("Status"), JobStatus),
        listing.Filter("project", _("Project"), _projects, field="project__handle"),
        listing.Filter("recipe", _("Recipe"), _recipes),
    ]
    search: ClassVar = ["name", "public_id"]
    sorts: ClassVar = [listing.Sort("-newest", _("newest first"), "-pk")]
    default_sort = "-newest"
    empty = listing.Empty(
        _("No jobs yet"),
        _("A job trains a model on hours of one of your allocations."),
        _("Submit a job"),
        "/jobs/new",
    )


@permission_required("jobs.list_jobs")
def job_list(request: HttpRequest) -> HttpResponseBase:
    """Staff see all jobs, others those of their projects."""
    jobs = queries.jobs_visible_to(reader(request), timezone.now())
    return listing.render(request, JobListing, queryset=jobs, template="jobs/job_list.html")
