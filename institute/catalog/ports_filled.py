"""The ribbon donor → paper of any object: fills the port `core.chain`.

What the reader may not open is named without a link; what is not public at all for them is counted, not named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compute.allocations.models import Allocation, AllocationSource
from compute.jobs.models import Job
from compute.jobs.queries import payers_so_far
from compute.tracking.models import Run
from grants.donors.models import Donor
from grants.donors.queries import public_donors
from grants.funding.models import Pledge
from institute.catalog.enums import PUBLIC_REVISIONS, RevisionStatus
from institute.catalog.models import Artifact, Publication, Revision
from institute.catalog.queries import became, publications, visibility
from institute.catalog.queries.pages import RevisionPage
from institute.catalog.rules import is_member_of
from institute.core.ui import formats
from institute.core.ui.chain import ChainLink, LinkState
from institute.people.enums import Role
from institute.people.models import User

MOST = became.MOST


@dataclass
class Story:
    """The objects of each stage, as far as they are known; `current` is the stage of the object itself."""

    current: str
    donors: list[Donor] = field(default_factory=list)
    pledges: list[Pledge] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    papers: list[Publication] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)


def chain_of(obj: Any, *, request: HttpRequest | None) -> Sequence[ChainLink]:
    """The links of an object's chain, in order; stages that do not exist yet are left out."""
    reader = getattr(request, "user", None) or AnonymousUser()
    tell = TELLERS.get(type(obj))
    return links_of(tell(obj, reader), reader) if tell else []


def story_of(obj: Any, reader: object) -> Story:
    """The objects of each stage of an object's chain."""
    return TELLERS[type(obj)](obj, reader)


def givers(story: Story, reader: object) -> list[tuple[str, str]]:
    """(name, address) of each donor of a story as the reader may know them; the address may be ""."""
    named = _named_donors(story.donors, reader)
    return [(named[donor.pk], _donor_url(donor, named)) for donor in story.donors]


def links_of(story: Story, reader: object) -> list[ChainLink]:
    """A story as ribbon."""
    named = _named_donors(story.donors, reader)
    stages: list[tuple[str, Sequence[Any], Callable[[Any], str], Callable[[Any], str]]] = [
        ("donor", story.donors, lambda donor: named[donor.pk], lambda donor: _donor_url(donor, named)),
        (
            "pledge",
            story.pledges,
            str,
            lambda pledge: _page_of(reader, pledge, "funding:pledge-detail"),
        ),
        (
            "allocation",
            story.allocations,
            lambda allocation: str(allocation.project),
            lambda one: _page_of(reader, one, "allocations:allocation-detail"),
        ),
        ("job", story.jobs, str, lambda job: _page_of(reader, job, "jobs:job-detail")),
        ("run", story.runs, _run_label, lambda run: _run_url(reader, run, story)),
        ("model", story.revisions, lambda revision: revision.artifact.name, artifact_url_of),
        ("paper", story.papers, str, paper_url),
    ]
    return [_link(stage, objects, label, url, story) for stage, objects, label, url in stages if objects]


def _link(
    stage: str, objects: Sequence[Any], label: Callable[[Any], str], url: Callable[[Any], str], story: Story
) -> ChainLink:
    state: LinkState = "current" if stage == story.current else "done"
    if len(objects) > 1:
        return ChainLink(stage, _counted(stage, len(objects)), detail=story.details.get(stage, ""), state=state)
    one = objects[0]
    return ChainLink(stage, label(one), url(one), story.details.get(stage, ""), state)


def _counted(stage: str, n: int) -> str:
    """How several objects of a stage are told; above MOST it says so."""
    texts = {
        "donor": ngettext("%(n)s donor", "%(n)s donors", n),
        "pledge": ngettext("%(n)s pledge", "%(n)s pledges", n),
        "allocation": ngettext("%(n)s allocation", "%(n)s allocations", n),
        "job": ngettext("%(n)s job", "%(n)s jobs", n),
        "run": ngettext("%(n)s run", "%(n)s runs", n),
        "model": ngettext("%(n)s model", "%(n)s models", n),
        "paper": ngettext("%(n)s paper", "%(n)s papers", n),
    }
    return texts[stage] % {"n": f"{MOST}+" if n > MOST else n}


def _named_donors(donors: Sequence[Donor], reader: object) -> dict[int, str]:
    """The name of each donor that the reader may read."""
    if isinstance(reader, User) and reader.is_staff:
        return {donor.pk: donor.name for donor in donors}
    known = {donor.pk: getattr(donor, "may_be_named", None) for donor in donors}
    if None in known.values():
        public = set(public_donors().filter(pk__in=known).values_list("pk", flat=True))
        known = {pk: pk in public for pk in known}
    return {donor.pk: donor.name if known[donor.pk] else _("a private donor") for donor in donors}


def _donor_url(donor: Donor, named: dict[int, str]) -> str:
    return (
        reverse("donors:donor-detail", kwargs={"public_id": donor.public_id}) if named[donor.pk] == donor.name else ""
    )


def _page_of(reader: object, obj: Any, url_name: str) -> str:
    """The page of an object, "" if the reader may not open it.

    Staff may open all, members what belongs to their project, donors' contacts pledges and what these feed. The
    rooms' own permissions say the same; asking each of them would cost every page a statement a link.
    """
    if not isinstance(reader, User):
        return ""
    permission = CONTACTS_MAY.get(type(obj), "")
    may_open = reader.is_staff or is_member_of(reader, obj)
    if not may_open and permission and reader.has_role(Role.DONOR_CONTACT):
        may_open = reader.has_perm(permission, obj)
    return reverse(url_name, kwargs={"public_id": obj.public_id}) if may_open else ""


def _run_url(reader: object, run: Run, story: Story) -> str:
    """The page of a run: for everybody while something that came of it is published."""
    made = [revision for revision in story.revisions if revision.job_id == run.job_id]
    is_public = any(revision.status == RevisionStatus.PUBLISHED for revision in made)
    return run.get_absolute_url() if is_public else _page_of(reader, run, "tracking:run-detail")


CONTACTS_MAY: dict[type, str] = {Pledge: "funding.view_pledge", Allocation: "allocations.view_allocation"}


def _run_label(run: Run) -> str:
    return run.display_name or run.name


def artifact_url_of(revision: Revision) -> str:
    """The page of a revision's artefact while it shows that revision, else the revision's own."""
    if revision.artifact.latest_id == revision.pk:
        return revision.artifact.get_absolute_url()
    return reverse("catalog:revision-detail", kwargs={"public_id": revision.public_id})


def paper_url(paper: Publication) -> str:
    """The page of a paper."""
    return reverse("catalog:publication-detail", kwargs={"public_id": paper.public_id})


# One teller for each kind of object. Those who do not belong to a thing only hear of what is public in it.


def _of_giver(giver: Donor | Pledge | Allocation, story: Story) -> Story:
    story.jobs = list(became.jobs_paid_by(giver).select_related("project", "run")[: MOST + 1])
    story.runs = [job.run for job in story.jobs if hasattr(job, "run")]
    results: became.Results = getattr(giver, "results", None) or became.results_of(giver)  # the page's panel has asked
    story.revisions, story.papers = results.revisions, results.papers
    return story


def _of_donor(donor: Donor, reader: object) -> Story:
    allocations = Allocation.objects.filter(sources__pledge__donor=donor).select_related("project").distinct()
    story = Story("donor", donors=[donor], pledges=list(donor.pledges.order_by("-id")[: MOST + 1]))
    story.allocations = list(allocations.order_by("-id")[: MOST + 1])
    return _of_giver(donor, story)


def _of_pledge(pledge: Pledge, reader: object) -> Story:
    allocations = Allocation.objects.filter(sources__pledge=pledge).select_related("project").order_by("-id")
    story = Story("pledge", donors=[pledge.donor], pledges=[pledge], allocations=list(allocations[: MOST + 1]))
    return _of_giver(pledge, story)


def _of_allocation(allocation: Allocation, reader: object) -> Story:
    pledges = [source.pledge for source in allocation.sources.select_related("pledge__donor").order_by("id")]
    story = Story("allocation", donors=_donors(pledges), pledges=pledges, allocations=[allocation])
    return _of_giver(allocation, story)


def _donors(pledges: Sequence[Pledge]) -> list[Donor]:
    return list({pledge.donor_id: pledge.donor for pledge in pledges}.values())


def _of_job(job: Job, reader: object, current: str = "job") -> Story:
    pledges = payers_so_far(job)
    story = Story(current, donors=_donors(pledges), pledges=pledges, allocations=[job.allocation], jobs=[job])
    story.runs = [job.run] if hasattr(job, "run") else []
    n = job.attempts.count()
    story.details["job"] = ngettext("%(n)s attempt", "%(n)s attempts", n) % {"n": n} if n else ""
    if current in {"job", "run"}:
        revision = _revision_told(job, reader)
        if revision is not None:
            _tell_revision(story, revision)
    return story


def _revision_told(job: Job, reader: object) -> Revision | None:
    """The revision of a job that the reader may open; the panel of the same page has asked already."""
    asked_by, revision = getattr(job, "told", (None, None))
    if asked_by is reader:
        told: Revision | None = revision
        return told
    revision, is_seen = visibility.revision_of_job_for(reader, job, timezone.now())
    return revision if is_seen else None


def _tell_revision(story: Story, revision: Revision) -> None:
    story.revisions = [revision]
    story.details["model"] = (
        revision.label if revision.status in PUBLIC_REVISIONS else f"{revision.label}, {revision.get_status_display()}"
    )
    if revision.artifact.latest_id is not None:
        story.papers = list(publications.papers_about(revision.artifact)[: MOST + 1])
    if len(story.papers) == 1:
        story.details["paper"] = str(year_of(story.papers[0]) or "")


def year_of(paper: Publication) -> int | None:
    """The year a paper counts for."""
    moment = paper.published_on or paper.published_at
    return moment.year if moment else None


def _of_run(run: Run, reader: object) -> Story:
    return _of_job(run.job, reader, "run") if run.job else Story("run", runs=[run])


def _of_revision(revision: Revision, reader: object) -> Story:
    story = _of_job(revision.job, reader, "model") if revision.job else Story("model")
    _tell_revision(story, revision)
    return story


def story_of_page(page: RevisionPage) -> Story:
    """The story of a revision whose page has been read already: nothing is asked twice."""
    revision, job = page.revision, page.revision.job
    story = Story("model", revisions=[revision], papers=page.papers[: MOST + 1])
    story.details["model"] = revision.label
    if len(story.papers) == 1:
        story.details["paper"] = str(year_of(story.papers[0]) or "")
    if job is None:
        return story
    story.pledges = [payer.source.pledge for payer in page.payers]
    story.donors = _donors(story.pledges)
    for payer in page.payers:
        payer.donor.may_be_named = payer.is_named  # type: ignore[attr-defined]  # as donors.queries annotates it
    job.allocation.project = job.project  # a job is of its allocation's project
    story.allocations, story.jobs = [job.allocation], [job]
    if revision.run is not None:
        revision.run.job = job
        story.runs = [revision.run]
    attempts = getattr(revision, "n_attempts", 0)
    story.details["job"] = ngettext("%(n)s attempt", "%(n)s attempts", attempts) % {"n": attempts}
    if len(page.payers) == 1:
        source = page.payers[0].source
        story.details["pledge"] = formats.hours_text(source.pledged, job.accelerator_type)  # type: ignore[attr-defined]
    awards = [getattr(payer.source, "awarded", 0) or 0 for payer in page.payers]  # annotated by queries.chain
    awarded = sum(awards)
    story.details["allocation"] = formats.hours_text(awarded, job.accelerator_type)
    if revision.run and revision.run.next_step:
        n = formats.number(revision.run.next_step)
        story.details["run"] = ngettext("%(n)s step", "%(n)s steps", revision.run.next_step) % {"n": n}
    return story


def _of_artifact(artifact: Artifact, reader: object) -> Story:
    if artifact.latest is not None:
        return _of_revision(artifact.latest, reader)
    newest = visibility.revisions_visible_to(reader, timezone.now()).filter(artifact=artifact).order_by("-id").first()
    return _of_revision(newest, reader) if newest else Story("model")


def _of_publication(publication: Publication, reader: object) -> Story:
    story = Story("paper", papers=[publication])
    seen = visibility.revisions_visible_to(reader, timezone.now())
    revisions = [link.revision or link.artifact.latest for link in publications.links_of(publication)]
    related = ("artifact__namespace", "job__allocation__project", "job__project")
    known = seen.filter(pk__in=[revision.pk for revision in revisions if revision]).select_related(*related)
    story.revisions = list(known.order_by("-id"))
    with_job = [revision for revision in story.revisions if revision.job is not None]
    story.jobs = [revision.job for revision in with_job if revision.job is not None]
    story.runs = list(Run.objects.filter(job__in=[job.pk for job in story.jobs]).select_related("job__project"))
    story.allocations = list({job.allocation_id: job.allocation for job in story.jobs}.values())
    sources = AllocationSource.objects.filter(
        hours_accounts__lines__transaction__subject__in=[j.public_id for j in story.jobs]
    )
    pledges = Pledge.objects.filter(allocation_sources__in=sources.values("pk")).select_related("donor").distinct()
    story.pledges = list(pledges.order_by("id"))
    story.donors = _donors(story.pledges)
    return story


TELLERS: dict[type, Callable[[Any, object], Story]] = {
    Donor: _of_donor,
    Pledge: _of_pledge,
    Allocation: _of_allocation,
    Job: _of_job,
    Run: _of_run,
    Artifact: _of_artifact,
    Revision: _of_revision,
    Publication: _of_publication,
}
