"""What the catalogue shows on earlier objects' pages; settings.PANELS names these functions."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from compute.allocations.models import Allocation, Project
from compute.jobs.enums import JobStatus
from compute.jobs.models import Job
from grants.donors.models import Donor
from grants.funding.models import Pledge
from institute.catalog.models import Revision
from institute.catalog.queries import artifacts, became, outputs, publications, visibility
from institute.core.ui import formats

MOST = 12


def became_of(obj: Donor | Pledge | Allocation, *, request: HttpRequest) -> str:
    """What a donor's, pledge's or allocation's hours became: public models with their hours, and papers."""
    revisions = list(became.revisions_paid_by(obj)[: MOST + 1])
    if not revisions:
        return ""
    jobs = [revision.job for revision in revisions if revision.job is not None]
    seconds = became.seconds_by_job(obj, jobs)
    rows = [(revision, _hours(revision, seconds)) for revision in revisions[:MOST]]
    papers = list(publications.with_credits(became.papers_paid_by(obj))[:MOST])
    context = {"rows": rows, "papers": papers, "has_more": len(revisions) > MOST}
    return render_to_string("catalog/_became.html", context, request)


def _hours(revision: Revision, seconds: dict[str, int]) -> SafeString:
    job = revision.job
    assert job is not None  # they were found through their jobs
    return formats.hours(seconds.get(job.public_id), job.accelerator_type)


def publish_job(job: Job, *, request: HttpRequest) -> str:
    """On a job's page: its revision, or the button that drafts one."""
    revision = visibility.read_revision_of_job(job, request.user, timezone.now())
    if revision is not None:
        return render_to_string("catalog/_job_panel.html", {"revision": revision}, request) if revision.is_seen else ""
    if job.status != JobStatus.SUCCEEDED or not request.user.has_perm("catalog.draft_revision", job):
        return ""
    if outputs.accepted_output(job) is None:
        return ""
    return render_to_string("catalog/_job_panel.html", {"job": job}, request)


def of_project(project: Project, *, request: HttpRequest) -> str:
    """On a project's page: its models, data, code and papers, drafts among them for its members."""
    now = timezone.now()
    shown = artifacts.for_lists(visibility.artifacts_visible_to(request.user, now).filter(project=project))
    papers = publications.with_credits(visibility.publications_visible_to(request.user, now).filter(project=project))
    context = {
        "rows": list(shown.order_by("-published_at", "-id")[:MOST]),
        "papers": list(papers.order_by("-id")[:MOST]),
        "project": project,
        "may_create": request.user.has_perm("catalog.draft_revision", project),
    }
    return render_to_string("catalog/_project_panel.html", context, request)
