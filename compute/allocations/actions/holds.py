from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from compute.allocations.actions.post import Accounts, Posting, different, key_of, lock, post, posted
from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import Allocation, AllocationSource, HoursLine
from compute.allocations.queries import parts_of_job
from compute.allocations.rules import HoldNeed, plan_hold
from grants.funding.models import Pledge
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.live import hint


@dataclass(frozen=True, slots=True)
class HeldPart:
    """What one source holds, or gave back, for a job."""

    source: AllocationSource
    pledge_public_id: str
    quantity: int


def hold_hours(
    *, allocation: Allocation, job_id: str, n: int, need: HoldNeed, by: Actor, now: datetime
) -> list[HeldPart]:
    """Set hours aside for a job before it runs: available → held, in draw order. All of it or nothing.

    `n` is 0 at submit and counts top-ups; the same (job, n) again gives the same parts. The ledger is its own
    record, so no audit entry is written. Raises Exhausted with needed, usable and missing hours, Refused with the
    clause if only clauses stand in the way, Conflict if (job, n) was held with another quantity.
    """
    _require_positive(need.quantity)
    with transaction.atomic():
        sources = list(allocation.sources.values_list("pk", "pledge_id"))
        accounts = lock(pledge_ids=[pledge for _pk, pledge in sources], source_ids=[pk for pk, _pledge in sources])
        if stored := _stored(HoursKind.HOLD, AccountKind.HELD, job_id, n):
            if sum(part.quantity for part in stored) != need.quantity:
                raise different(key_of(HoursKind.HOLD, job_id, n))
            return stored
        plan = plan_hold(allocation=allocation, need=need, now=now, job_id=job_id)
        if refusal := plan.refusal:
            raise refusal
        parts = [HeldPart(part.source, part.source.pledge.public_id, part.quantity) for part in plan.parts]
        for part in parts:
            _post_part(HoursKind.HOLD, part, accounts, job_id=job_id, n=n, by=by, now=now)
        hint(allocation.public_id, "hours")
    return parts


def release_hours(*, job_id: str, n: int, by: Actor, now: datetime) -> list[HeldPart]:
    """Give back whatever a job still holds: held → available. The same (job, n) again gives the same parts.

    A job that holds nothing gets an empty answer. Never refuses: what is held can always go back.
    """
    with transaction.atomic():
        parts = parts_of_job(job_id)
        accounts = lock(pledge_ids={part.pledge_id for part in parts}, source_ids=[part.source_id for part in parts])
        if stored := _stored(HoursKind.RELEASE, AccountKind.AVAILABLE, job_id, n):
            return stored
        left = {part.source_id: part.held for part in parts_of_job(job_id) if part.held}
        sources = AllocationSource.objects.select_related("pledge", "allocation").in_bulk(left)
        given = [HeldPart(sources[key], sources[key].pledge.public_id, held) for key, held in left.items()]
        for part in given:
            _post_part(HoursKind.RELEASE, part, accounts, job_id=job_id, n=n, by=by, now=now)
        for allocation in {part.source.allocation.public_id for part in given}:
            hint(allocation, "hours")
    return given


def _require_positive(quantity: int) -> None:
    if quantity <= 0:
        raise Refused(_("A hold is more than zero."), field="quantity", rule="quantity")


def _post_part(
    kind: HoursKind, part: HeldPart, accounts: Accounts, *, job_id: str, n: int, by: Actor, now: datetime
) -> None:
    held = accounts.of_source(part.source.pk, AccountKind.HELD).pk
    available = accounts.of_source(part.source.pk, AccountKind.AVAILABLE).pk
    quantity = part.quantity if kind is HoursKind.HOLD else -part.quantity
    post(
        Posting(
            kind=kind,
            pledge_id=part.source.pledge_id,
            key=key_of(kind, job_id, n, part.pledge_public_id),
            moves={held: quantity, available: -quantity},
            happened_at=now,
            subject=job_id,
        ),
        by=by,
    )


def _stored(kind: HoursKind, account: AccountKind, job_id: str, n: int) -> list[HeldPart]:
    lines = HoursLine.objects.filter(transaction__in=posted(kind, job_id, n), account__kind=account)
    return [
        HeldPart(_source(line), _pledge(line).public_id, line.quantity)
        for line in lines.select_related("account__source__pledge", "account__source__allocation").order_by("id")
    ]


def _source(line: HoursLine) -> AllocationSource:
    assert line.account.source is not None  # a CHECK of the table: available and held are a source's
    return line.account.source


def _pledge(line: HoursLine) -> Pledge:
    return _source(line).pledge
