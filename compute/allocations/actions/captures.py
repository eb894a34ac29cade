from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from compute.allocations.actions.post import Accounts, Posting, different, key_of, lock, post, posted
from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import HoursLine, HoursTransaction
from compute.allocations.queries import JobPart, parts_of_job
from grants.funding.models import Pledge
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused

OVERHEAD = "overhead"


@dataclass(frozen=True, slots=True)
class CapturedPart:
    """What one pledge paid for a slice."""

    pledge_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """Who paid for a slice; `overrun_seconds` is what went beyond the hold."""

    overrun_seconds: int = 0
    parts: list[CapturedPart] = field(default_factory=list)


@dataclass(slots=True)
class _Share:
    """What one source gives for a slice, by the account it comes from."""

    part: JobPart
    held: int = 0
    available: int = 0
    unallocated: int = 0

    @property
    def total(self) -> int:
        return self.held + self.available + self.unallocated


def capture_hours(
    *, job_id: str, attempt_id: str, slice_no: int, quantity: int, happened_at: datetime, by: Actor
) -> CaptureResult:
    """Charge one slice of use, exactly once: held → spent in draw order; beyond the hold what is available, then
    what is unallocated, for use that happened is never dropped.

    The same (attempt, slice) again gives the same result. Raises Conflict if it was charged with another quantity
    or the job never held hours, Refused below 0. A slice of 0 posts nothing.
    """
    if quantity < 0:
        raise Refused(_("Use is never negative."), field="quantity", rule="quantity")
    with transaction.atomic():
        parts = parts_of_job(job_id)
        accounts = lock(pledge_ids={part.pledge_id for part in parts}, source_ids=[part.source_id for part in parts])
        stored = _stored(attempt_id, slice_no)
        if stored.parts and sum(part.quantity for part in stored.parts) != quantity:
            raise different(key_of(HoursKind.CAPTURE, attempt_id, slice_no))
        if stored.parts or quantity == 0:
            return stored
        shares = _shares(quantity, parts_of_job(job_id), accounts, job_id)
        pledges = Pledge.objects.in_bulk([share.part.pledge_id for share in shares])
        for share in shares:
            key = key_of(HoursKind.CAPTURE, attempt_id, slice_no, pledges[share.part.pledge_id].public_id)
            posting = Posting(
                kind=HoursKind.CAPTURE,
                pledge_id=share.part.pledge_id,
                key=key,
                moves=_moves(share, accounts),
                happened_at=happened_at,
                subject=job_id,
                attempt=attempt_id,
            )
            post(posting, by=by)
    return CaptureResult(
        overrun_seconds=sum(share.available + share.unallocated for share in shares),
        parts=[CapturedPart(share.part.pledge_id, share.total) for share in shares],
    )


def capture_overhead(
    *, pledge: Pledge, attempt_id: str, quantity: int, happened_at: datetime, by: Actor
) -> HoursTransaction:
    """Book what the platform itself used for an attempt (image pull, a gang that waits): unallocated → overhead.

    Once per attempt. Raises Refused unless positive, Conflict if it was booked with another quantity.
    """
    if quantity <= 0:
        raise Refused(_("Overhead is more than zero."), field="quantity", rule="quantity")
    with transaction.atomic():
        accounts = lock(pledge_ids=[pledge.pk])
        posting = Posting(
            kind=HoursKind.CAPTURE,
            pledge_id=pledge.pk,
            key=key_of(HoursKind.CAPTURE, attempt_id, OVERHEAD, pledge.public_id),
            moves={
                accounts.of_pledge(pledge.pk, AccountKind.UNALLOCATED).pk: -quantity,
                accounts.of_pledge(pledge.pk, AccountKind.OVERHEAD).pk: quantity,
            },
            happened_at=happened_at,
            attempt=attempt_id,
        )
        return post(posting, by=by)


def _shares(quantity: int, parts: Iterable[JobPart], accounts: Accounts, job_id: str) -> list[_Share]:
    shares = [_Share(part) for part in parts]
    if not shares:
        raise Conflict(_("Job %(job)s never held hours.") % {"job": job_id}, rule="no-hold")
    for share in shares:
        share.held = min(quantity, share.part.held)
        quantity -= share.held
    for share in shares:
        share.available = min(quantity, accounts.of_source(share.part.source_id, AccountKind.AVAILABLE).balance)
        quantity -= share.available
    shares[-1].unallocated = quantity
    return [share for share in shares if share.total]


def _moves(share: _Share, accounts: Accounts) -> dict[int, int]:
    source = share.part.source_id
    return {
        accounts.of_source(source, AccountKind.HELD).pk: -share.held,
        accounts.of_source(source, AccountKind.AVAILABLE).pk: -share.available,
        accounts.of_pledge(share.part.pledge_id, AccountKind.UNALLOCATED).pk: -share.unallocated,
        accounts.of_source(source, AccountKind.SPENT).pk: share.total,
    }


def _stored(attempt_id: str, slice_no: int) -> CaptureResult:
    lines = HoursLine.objects.filter(transaction__in=posted(HoursKind.CAPTURE, attempt_id, slice_no))
    paid = lines.filter(account__kind=AccountKind.SPENT).order_by("id").values_list("account__pledge_id", "quantity")
    beyond = lines.filter(account__kind__in=[AccountKind.AVAILABLE, AccountKind.UNALLOCATED])
    return CaptureResult(
        overrun_seconds=-beyond.aggregate(total=Sum("quantity", default=0))["total"],
        parts=[CapturedPart(pledge, quantity) for pledge, quantity in paid],
    )
