"""What a job costs: asked, held, spent, lost, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compute.allocations.queries import PaidPart, paid_parts_of_job
from compute.jobs.models import Job
from compute.jobs.queries.jobs import attempts_of, read_attempts
from grants.funding.models import Pledge


@dataclass(frozen=True, slots=True)
class JobAccount:
    """Accelerator-seconds of a job; `owed` was lost and could not be given back yet."""

    held: int
    spent: int
    lost: int
    owed: int
    overrun: int
    parts: Sequence[PaidPart]

    @property
    def refunded(self) -> int:
        """What the project got back of what it lost."""
        return self.lost - self.owed


def account_of(job: Job) -> JobAccount:
    """The job's account, from the hours ledger."""
    return _account(paid_parts_of_job(job.public_id), list(attempts_of(job)))


def read_account(job: Job) -> JobAccount:
    """`account_of` a job whose page has read its attempts, once for all who ask `payers_so_far` there."""
    job.paid_parts = paid_parts_of_job(job.public_id)  # type: ignore[attr-defined]
    return _account(job.paid_parts, read_attempts(job))  # type: ignore[attr-defined]


def payers_so_far(job: Job) -> list[Pledge]:
    """The pledges that paid for a job; before anything is charged, those that hold for it."""
    loaded: list[PaidPart] | None = getattr(job, "paid_parts", None)
    parts = paid_parts_of_job(job.public_id) if loaded is None else loaded
    paying = [paid for paid in parts if paid.part.spent > 0] or [paid for paid in parts if paid.part.held > 0]
    return [paid.pledge for paid in paying]


def _account(parts: Sequence[PaidPart], tried: Sequence[Any]) -> JobAccount:
    return JobAccount(
        held=sum(paid.part.held for paid in parts),
        spent=sum(paid.part.spent for paid in parts),
        lost=sum(paid.part.lost for paid in parts),
        owed=sum(attempt.refund_owed for attempt in tried),
        overrun=sum(attempt.overrun for attempt in tried),
        parts=parts,
    )
