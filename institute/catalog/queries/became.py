"""The way back: from a donor, pledge, allocation or project to what came of its hours."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject
from django.utils.translation import ngettext

from compute.allocations.enums import AccountKind
from compute.allocations.models import Allocation, AllocationSource, HoursAccount, HoursLine, Project
from compute.capacity.models import AcceleratorType
from compute.jobs.models import Job
from grants.donors.models import Donor
from grants.donors.queries import public_donors
from grants.funding.models import Pledge
from institute.catalog.enums import PUBLIC_REVISIONS, ArtifactKind
from institute.catalog.models import Artifact, Publication, Revision
from institute.catalog.queries.publications import papers_about_artifacts, papers_about_revisions, published_papers
from institute.core.subqueries import aggregate_of

Giver = Donor | Pledge | Allocation
MOST = 12
TOLD = (  # what pages tell of a revision
    *("public_id", "label", "status", "published_at", "job__accelerator_type"),
    *("artifact__kind", "artifact__name", "artifact__summary", "artifact__latest", "artifact__namespace__name"),
)
MOST_FLOWS = 100

_LINES = {
    Donor: "account__pledge__donor",
    Pledge: "account__pledge",
    Allocation: "account__source__allocation",
}
_SOURCES = {Donor: "pledge__donor", Pledge: "pledge"}


def spent_lines(giver: Giver) -> QuerySet[HoursLine]:
    """What of a giver's hours was spent and not lost again, as ledger lines."""
    return HoursLine.objects.filter(account__kind=AccountKind.SPENT, **{_LINES[type(giver)]: giver})


def _paid(giver: Giver, job: str = "") -> Q:
    """Of rows whose job is at the path `job`: those that used a giver's hours.

    Row by row, so that the newest few are found without summing up all that was ever spent; a job spends only what
    its allocation was given, which bounds where to look.
    """
    paid = Exists(_spent_on(giver, job).filter(total__gt=0))
    if isinstance(giver, Allocation):
        return Q(paid, **{f"{job}allocation": giver})
    fed = AllocationSource.objects.filter(**{_SOURCES[type(giver)]: giver})
    return Q(paid, **{f"{job}allocation__in": fed.values("allocation")})


def _spent_on(giver: Giver, job: str) -> QuerySet[Any, Any]:
    """`total`, what the outer row's job used of a giver's hours; the index leaves out what has no subject."""
    spent = spent_lines(giver).filter(transaction__subject=OuterRef(f"{job}public_id")).exclude(transaction__subject="")
    return _by_job(spent)


def _by_job(lines: QuerySet[HoursLine]) -> QuerySet[Any, Any]:
    return lines.order_by().values("transaction__subject").annotate(total=Sum("quantity"))


def jobs_paid_by(giver: Giver) -> QuerySet[Job]:
    """Jobs that used a giver's hours, newest first."""
    made = _summed(giver) if isinstance(giver, Pledge) else Job.objects.filter(_paid(giver))
    return made.order_by("-id")


def _summed(giver: Giver) -> QuerySet[Job]:
    """Those of a giver of few jobs: summed up at once."""
    sums = _by_job(spent_lines(giver))
    return Job.objects.filter(public_id__in=sums.filter(total__gt=0).values("transaction__subject"))


def revisions_paid_by(giver: Giver) -> QuerySet[Revision]:
    """Public revisions that a giver's hours made, newest first."""
    public = Revision.objects.filter(job__isnull=False, status__in=PUBLIC_REVISIONS)
    if isinstance(giver, Donor):
        made = public.filter(_paid(giver, "job__"))
    else:  # its jobs are found before the database looks at any revision
        made = public.filter(job__in=_summed(giver))
    return made.select_related("artifact__namespace", "job__accelerator_type").order_by("-published_at", "-id")


def papers_paid_by(giver: Giver) -> QuerySet[Publication]:
    """Published papers about what a giver's hours made."""
    return papers_about_revisions(revisions_paid_by(giver))


@dataclass(frozen=True, slots=True)
class Results:
    """What a giver's hours became: the newest public revisions and the papers about them."""

    revisions: list[Revision]
    papers: list[Publication]


def results_of(giver: Giver) -> Results:
    """At most MOST + 1 of each; the papers are about those revisions, which come with `seconds`."""
    seconds = Subquery(_spent_on(giver, "job__").values("total"))
    revisions: list[Any] = list(revisions_paid_by(giver).only(*TOLD).annotate(seconds=seconds)[: MOST + 1])
    return Results(revisions, list(papers_about_artifacts(revisions)[: MOST + 1]) if revisions else [])


@dataclass(frozen=True, slots=True)
class Flow:
    """Hours of one type that went from a donor to a project."""

    donor: Donor | None
    project: Project
    seconds: int


def seconds_by_type() -> dict[str, int]:
    """{type's slug: accelerator-seconds spent}, the largest first; by the ledger's balances, not line by line."""
    spent = HoursAccount.objects.filter(kind=AccountKind.SPENT, balance__gt=0)
    rows = spent.order_by().values_list("pledge__supply__type__slug").annotate(total=Sum("balance"))
    return dict(sorted(rows, key=lambda row: -row[1]))


def flows(accelerator: AcceleratorType) -> list[Flow]:
    """Who gave how much of a type to which project, the largest first and at most MOST_FLOWS; donors without a
    public name together. Projects come as `with_results` reads them."""
    spent = HoursAccount.objects.filter(
        kind=AccountKind.SPENT, balance__gt=0, pledge__supply__type=accelerator, source__isnull=False
    )
    grouped = spent.order_by().values("pledge__donor", "source__allocation__project").annotate(total=Sum("balance"))
    rows = list(grouped.order_by("-total", "source__allocation__project", "pledge__donor")[:MOST_FLOWS])
    donors = public_donors().in_bulk({row["pledge__donor"] for row in rows})
    projects = with_results(Project.objects.all()).in_bulk({row["source__allocation__project"] for row in rows})
    sums: dict[tuple[int | None, int], int] = {}
    for row in rows:
        donor = row["pledge__donor"] if row["pledge__donor"] in donors else None
        key = (donor, row["source__allocation__project"])
        sums[key] = sums.get(key, 0) + row["total"]
    found = [
        Flow(donors.get(donor) if donor else None, projects[project], total) for (donor, project), total in sums.items()
    ]
    return sorted(found, key=lambda flow: -flow.seconds)


def with_results(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Each project with what `results_of_project` reads: how many of each kind are public."""
    shown = Artifact.objects.filter(project=OuterRef("pk"), latest__isnull=False)
    kinds = JSONObject(**{kind: Count("pk", filter=Q(kind=kind)) for kind in ArtifactKind.values})
    papers = published_papers().filter(project=OuterRef("pk"))
    return projects.annotate(
        n_artifacts=aggregate_of(shown, "project", kinds),
        n_papers=Coalesce(aggregate_of(papers, "project", Count("pk")), 0),
    )


def results_of_project(project: Project) -> dict[str, int]:
    """{"model", "dataset", "code", "paper": how many are public}, those that there are."""
    read: Any = project
    return {kind: n for kind, n in ((read.n_artifacts or {}) | {"paper": read.n_papers}).items() if n}


def result_texts(totals: dict[str, int]) -> dict[str, str]:
    """ "3 models", "1 paper" … for the kinds that occur."""
    texts = {
        "model": lambda n: ngettext("%(n)s model", "%(n)s models", n),
        "dataset": lambda n: ngettext("%(n)s data set", "%(n)s data sets", n),
        "code": lambda n: ngettext("%(n)s code base", "%(n)s code bases", n),
        "paper": lambda n: ngettext("%(n)s paper", "%(n)s papers", n),
    }
    return {kind: texts[kind](n) % {"n": n} for kind, n in totals.items()}
