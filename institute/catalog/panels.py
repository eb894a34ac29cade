"""What the catalogue shows on earlier objects' pages; settings.PANELS names these functions."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from compute.allocations.models import Allocation, Project
from compute.jobs.enums import JobStatus
from compute.jobs.models import Job
from grants.donors.models import Donor
from grants.funding.models import Pledge
from institute.catalog.models import Artifact
from institute.catalog.queries import artifacts, became, outputs, publications, visibility
from institute.core.ui import formats

MOST = became.MOST


def became_of(obj: Donor | Pledge | Allocation, *, request: HttpRequest) -> str:
    """What a donor's, pledge's or allocation's hours became: public models with their hours, and papers."""
    results = became.results_of(obj)
    obj.results = results  # type: ignore[union-attr]  # for the page's ribbon
    revisions = results.revisions[: MOST + 1]
    if not revisions:
        return ""
    rows = [(revision, _hours(revision)) for revision in revisions[:MOST]]
    papers = publications.read_credits(results.papers[:MOST])
    context = {"rows": rows, "papers": papers, "has_more": len(revisions) > MOST}
    return render_to_string("catalog/_became.html", context, request)


def _hours(revision: Any) -> SafeString:
    return formats.hours(revision.seconds, revision.job.accelerator_type)


def publish_job(job: Job, *, request: HttpRequest) -> str:
    """On a job's page: its revision, or the button that drafts one."""
    revision, is_seen = visibility.revision_of_job_for(request.user, job, timezone.now())
    job.told = (request.user, revision if is_seen else None)  # type: ignore[attr-defined]  # for the page's ribbon
    if revision is not None:
        return render_to_string("catalog/_job_panel.html", {"revision": revision}, request) if is_seen else ""
    if job.status != JobStatus.SUCCEEDED or not request.user.has_perm("catalog.draft_revision", job):
        return ""
    if outputs.accepted_output(job) is None:
        return ""
    return render_to_string("catalog/_job_panel.html", {"job": job}, request)


def of_project(project: Project, *, request: HttpRequest) -> str:
    """On a project's page: its models, data, code and papers, drafts among them for its members."""
    now = timezone.now()
    seen = visibility.artifacts_visible_to(request.user, now).filter(project=project)
    newest = seen.order_by("-published_at", "-id").values("pk")[:MOST]  # sorted before anything is joined to it
    shown = artifacts.for_lists(Artifact.objects.filter(pk__in=newest))
    papers = publications.with_credits(visibility.publications_visible_to(request.user, now).filter(project=project))
    context = {
        "rows": list(shown.order_by("-published_at", "-id")),
        "papers": list(papers.order_by("-id")[:MOST]),
        "project": project,
        "may_create": request.user.has_perm("catalog.draft_revision", project),
    }
    return render_to_string("catalog/_project_panel.html", context, request)
