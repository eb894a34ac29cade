"""What a job costs: asked, held, spent, lost, and by whom."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery, Sum

from compute.allocations.queries import JobPart, parts_of_job
from compute.jobs.models import Job, UsageSlice
from grants.funding.models import Pledge


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What one pledge holds, paid and lost for a job."""

    pledge: Pledge
    part: JobPart


@dataclass(frozen=True, slots=True)
class JobAccount:
    """Accelerator-seconds of a job; `owed` was lost and could not be given back yet."""

    held: int
    spent: int
    lost: int
    owed: int
    overrun: int
    parts: list[PaidPart]

    @property
    def refunded(self) -> int:
        """What the project got back of what it lost."""
        return self.lost - self.owed


def account_of(job: Job) -> JobAccount:
    """The job's account, from the hours ledger."""
    parts = parts_of_job(job.public_id)
    pledges = Pledge.objects.select_related("donor").in_bulk([part.pledge_id for part in parts])
    slices = UsageSlice.objects.filter(attempt=OuterRef("pk")).order_by().values("attempt")
    beyond = Subquery(slices.annotate(total=Sum("overrun_seconds")).values("total"))
    totals = job.attempts.annotate(beyond=beyond).aggregate(owed=Sum("refund_owed"), overrun=Sum("beyond"))
    return JobAccount(
        held=sum(part.held for part in parts),
        spent=sum(part.spent for part in parts),
        lost=sum(part.lost for part in parts),
        owed=totals["owed"] or 0,
        overrun=totals["overrun"] or 0,
        parts=[PaidPart(pledges[part.pledge_id], part) for part in parts],
    )
