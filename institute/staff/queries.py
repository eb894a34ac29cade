"""What needs somebody today, read across the apps; figures come from the ledgers' own questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Count, Model, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compute.allocations import queries as allocations
from compute.allocations.models import Project, Request
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from compute.jobs.enums import JobStatus
from compute.jobs.models import Job
from grants.donors.models import Donor
from grants.funding import queries as funding
from grants.funding.enums import PledgeStatus
from grants.funding.models import ComputeTerms, Obligation, Pledge
from institute.core import outbox
from institute.core.subqueries import aggregate_of
from institute.people.models import User

DUE_DAYS = 30
EXPIRING_DAYS = 90
MOST_ROWS = 12
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """A pledge with its ledger figures, in accelerator-seconds."""

    pledge: Pledge
    terms: ComputeTerms
    type: AcceleratorType | None
    balances: allocations.PledgeBalances

    @property
    def left(self) -> int:
        """What nobody has used yet."""
        return self.balances.physically_left + self.balances.held


@dataclass(frozen=True, slots=True)
class Today:
    """The dashboard."""

    requests: Sequence[Request]
    waiting: int
    due: Sequence[Obligation]
    overdue: int
    to_accept: Sequence[Obligation]
    jobs: dict[JobStatus, int]
    pledges: Sequence[PledgeRow]
    pledge_count: int
    expiring: int
    dead_letters: int
    lag_seconds: int


@dataclass(frozen=True, slots=True)
class Step:
    """Something that an institute needs before the first job; `permission` says whose work it is."""

    label: str | Promise
    url_name: str
    permission: str
    is_done: bool


def first_steps() -> list[Step]:
    """What a new institute enters, in this order."""
    desk, machines = "donors.edit_donor", "capacity.edit_cluster"
    people, pledge, project = "people.manage_roles", "funding.offer_pledge", "allocations.create_project"
    return [
        Step(_("People and their roles"), "people:person-create", people, User.objects.count() > 1),
        Step(_("Types of accelerators"), "capacity:type-create", machines, AcceleratorType.objects.exists()),
        Step(_("A provider of machines"), "capacity:provider-create", machines, Provider.objects.exists()),
        Step(_("Its cluster"), "capacity:cluster-create", machines, Cluster.objects.exists()),
        Step(_("A donor"), "donors:donor-create", desk, Donor.objects.exists()),
        Step(_("The donor's pledge, then accept it"), "funding:pledge-create", pledge, Pledge.objects.exists()),
        Step(_("Which clusters serve the pledge"), "capacity:supply-create", machines, Supply.objects.exists()),
        Step(
            _("A project with its lead, who asks for hours"),
            "allocations:project-create",
            project,
            Project.objects.exists(),
        ),
    ]


def pledge_rows(pledges: Sequence[Pledge]) -> list[PledgeRow]:
    """Each pledge with what the hours ledger says of it; three queries whatever their number."""
    balances = allocations.balances_of_pledges(pledges)
    terms = {pledge.pk: funding.current_terms(pledge) for pledge in pledges}
    types = AcceleratorType.objects.in_bulk({term.type_slug for term in terms.values()}, field_name="slug")
    return [
        PledgeRow(pledge, terms[pledge.pk], types.get(terms[pledge.pk].type_slug), balances[pledge.pk])
        for pledge in pledges
    ]


def jobs_by_state() -> dict[JobStatus, int]:
    """How many jobs stand in each state; states without jobs are 0."""
    counted = dict(Job.objects.values_list("status").annotate(n=Count("pk")).order_by())
    return {status: counted.get(status.value, 0) for status in JobStatus}


def first_rows(rows: QuerySet[M], *, counted: Q | None = None) -> tuple[list[M], int]:
    """The first few rows, and how many there are in all (of those that `counted` names), in one query."""
    every = (rows.filter(counted) if counted else rows).annotate(one=Value(1))
    in_all = Coalesce(aggregate_of(every, "one", Count("pk")), 0)
    first = rows.filter(pk__in=rows.values("pk")[:MOST_ROWS])  # found before anything is joined to them
    found = list(first.annotate(in_all=in_all))
    return found, found[0].in_all if found else 0


def today(now: datetime) -> Today:
    """What staff see first in the morning."""
    open_pledges = Pledge.objects.filter(status__in=[PledgeStatus.ACTIVE, PledgeStatus.SUSPENDED])
    obligations = funding.obligations_due(today=now.date(), days=DUE_DAYS)
    due, overdue = first_rows(obligations, counted=Q(due_on__lt=now.date()))
    requests, waiting = first_rows(allocations.requests_waiting().select_related("project"))
    pledges, pledge_count = first_rows(funding.with_terms(open_pledges.order_by("window_ends_at", "id")))
    return Today(
        requests=requests,
        waiting=waiting,
        due=due,
        overdue=overdue,
        to_accept=list(funding.obligations_to_accept()[:MOST_ROWS]),
        jobs=jobs_by_state(),
        pledges=pledge_rows(pledges),
        pledge_count=pledge_count,
        expiring=funding.pledges_ending_within(EXPIRING_DAYS, now=now).count(),
        dead_letters=outbox.dead_letters().count(),
        lag_seconds=outbox.lag_seconds(now=now),
    )
