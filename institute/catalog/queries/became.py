"""The way back: from a donor, pledge, allocation or project to what came of its hours."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import ngettext

from compute.allocations.enums import AccountKind
from compute.allocations.models import Allocation, HoursAccount, HoursLine, Project
from compute.capacity.models import AcceleratorType
from compute.jobs.models import Job
from grants.donors.models import Donor
from grants.donors.queries import public_donors
from grants.funding.models import ComputeTerms, Pledge
from institute.catalog.enums import PUBLIC_REVISIONS
from institute.catalog.models import Artifact, Publication, Revision
from institute.catalog.queries.publications import papers_about_revisions, published_papers

Giver = Donor | Pledge | Allocation

_LINES = {
    Donor: "account__pledge__donor",
    Pledge: "account__pledge",
    Allocation: "account__source__allocation",
}


def spent_lines(giver: Giver) -> QuerySet[HoursLine]:
    """What of a giver's hours was spent and not lost again, as ledger lines."""
    return HoursLine.objects.filter(account__kind=AccountKind.SPENT, **{_LINES[type(giver)]: giver})


def jobs_paid_by(giver: Giver) -> QuerySet[Job]:
    """Jobs that used a giver's hours, newest first."""
    paid = spent_lines(giver).values("transaction__subject").annotate(total=Sum("quantity")).filter(total__gt=0)
    return Job.objects.filter(public_id__in=paid.values("transaction__subject")).order_by("-id")


def revisions_paid_by(giver: Giver) -> QuerySet[Revision]:
    """Public revisions that a giver's hours made, newest first."""
    return (
        Revision.objects.filter(job__in=jobs_paid_by(giver).order_by(), status__in=PUBLIC_REVISIONS)
        .select_related("artifact__namespace", "job__accelerator_type")
        .order_by("-published_at", "-id")
    )


def papers_paid_by(giver: Giver) -> QuerySet[Publication]:
    """Published papers about what a giver's hours made."""
    return papers_about_revisions(revisions_paid_by(giver))


def seconds_by_job(giver: Giver, jobs: list[Job]) -> dict[str, int]:
    """{job's public id: accelerator-seconds of this giver} for some jobs."""
    rows = (
        spent_lines(giver)
        .filter(transaction__subject__in=[job.public_id for job in jobs])
        .values("transaction__subject")
        .annotate(total=Sum("quantity"))
    )
    return {row["transaction__subject"]: row["total"] for row in rows}


@dataclass(frozen=True, slots=True)
class Flow:
    """Hours of one type that went from a donor to a project."""

    donor: Donor | None
    project: Project
    seconds: int


def seconds_by_type() -> dict[str, int]:
    """{type's slug: accelerator-seconds spent}, the largest first; by the ledger's balances, not line by line."""
    slugs = dict(ComputeTerms.objects.values_list("pledge", "type_slug"))
    rows = HoursAccount.objects.filter(kind=AccountKind.SPENT, balance__gt=0).values_list("pledge", "balance")
    sums: dict[str, int] = {}
    for pledge, balance in rows:
        sums[slugs[pledge]] = sums.get(slugs[pledge], 0) + balance
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def flows(accelerator: AcceleratorType) -> list[Flow]:
    """Who gave how much of a type to which project, the largest first; donors without a public name together."""
    pledges = ComputeTerms.objects.filter(type_slug=accelerator.slug).values("pledge")
    rows = list(
        HoursAccount.objects.filter(kind=AccountKind.SPENT, balance__gt=0, pledge__in=pledges)
        .values("pledge__donor", "source__allocation__project")
        .annotate(total=Sum("balance"))
    )
    donors = public_donors().in_bulk([row["pledge__donor"] for row in rows])
    projects = Project.objects.in_bulk([row["source__allocation__project"] for row in rows])
    sums: dict[tuple[int | None, int], int] = {}
    for row in rows:
        donor = row["pledge__donor"] if row["pledge__donor"] in donors else None
        key = (donor, row["source__allocation__project"])
        sums[key] = sums.get(key, 0) + row["total"]
    found = [
        Flow(donors.get(donor) if donor else None, projects[project], total) for (donor, project), total in sums.items()
    ]
    return sorted(found, key=lambda flow: -flow.seconds)


def results_by_project(projects: list[Project]) -> dict[int, dict[str, int]]:
    """{project's key: {"model", "dataset", "code", "paper": how many are public}}."""
    found: dict[int, dict[str, int]] = {project.pk: {} for project in projects}
    rows = (
        Artifact.objects.filter(project__in=found, latest__isnull=False)
        .order_by()
        .values_list("project", "kind")
        .annotate(n=Count("id"))
    )
    for project, kind, n in rows:
        found[project][kind] = n
    papers = published_papers().filter(project__in=found).order_by().values_list("project").annotate(n=Count("id"))
    for project, n in papers:
        found[project]["paper"] = n
    return found


def result_texts(totals: dict[str, int]) -> dict[str, str]:
    """ "3 models", "1 paper" … for the kinds that occur."""
    texts = {
        "model": lambda n: ngettext("%(n)s model", "%(n)s models", n),
        "dataset": lambda n: ngettext("%(n)s data set", "%(n)s data sets", n),
        "code": lambda n: ngettext("%(n)s code base", "%(n)s code bases", n),
        "paper": lambda n: ngettext("%(n)s paper", "%(n)s papers", n),
    }
    return {kind: texts[kind](n) % {"n": n} for kind, n in totals.items()}
