"""The list of runs."""

from typing import ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from compute.tracking.enums import RunStatus
from compute.tracking.models import Run
from compute.tracking.queries.runs import runs_visible_to
from institute.core.ui import badges, formats, listing
from institute.people.access import permission_required


def _whose(run: Run) -> str:
    project = run.run_project.project
    return project.title if project else str(run.run_project.user)


class RunListing(listing.Listing[Run]):
    """Runs."""

    title = _("Runs")
    lede = _("What trainings tell while they run: curves, console, what the machine says.")
    columns: ClassVar = [
        listing.Column("name", _("Run"), str, url=lambda r: r.get_absolute_url(), sort="display_name"),
        listing.Column("project", _("Project"), _whose, detail=lambda r: r.run_project.name),
        listing.Column("status", _("Status"), lambda r: r.get_status_display(), show=badges.badge_for),
        listing.Column("steps", _("Steps"), lambda r: r.next_step, is_number=True, sort="next_step"),
        listing.Column("heard", _("Last heard"), lambda r: r.heartbeat_at, show=lambda r: formats.when(r.heartbeat_at)),
        listing.Column("made", _("Made"), lambda r: r.created_at, show=lambda r: formats.when(r.created_at)),
    ]
    filters: ClassVar = [listing.Filter("status", _("Status"), RunStatus)]
    search: ClassVar = ["display_name", "name", "run_project__name"]
    sorts: ClassVar = [listing.Sort("-newest", _("newest first"), "-pk")]
    default_sort = "-newest"
    empty = listing.Empty(
        _("No runs yet"), _("Every job has a run. A token with the scope “runs” brings those of your laptop here too.")
    )


@permission_required("tracking.list_runs")
def run_list(request: HttpRequest) -> HttpResponseBase:
    """The runs that the reader may see."""
    return listing.render(request, RunListing, queryset=runs_visible_to(request.user))
