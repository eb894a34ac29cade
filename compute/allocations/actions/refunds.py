from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.actions.post import Accounts, Posting, different, key_of, lock, post, posted
from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import HoursLine
from compute.allocations.queries import (
    CapturedPart,
    balances_of_pledge,
    captured_of_attempt,
    headroom,
    job_of_attempt,
)
from grants.funding.models import Pledge
from grants.funding.queries import current_terms
from institute.core.actors import Actor
from institute.core.errors import Refused


@dataclass(frozen=True, slots=True)
class LossPart:
    """What one pledge lost, and what of it the source got back."""

    pledge_id: int
    lost: int
    refunded: int


@dataclass(frozen=True, slots=True)
class LossResult:
    """Sums over the parts; what headroom did not allow is owed."""

    parts: list[LossPart] = field(default_factory=list)

    @property
    def lost_seconds(self) -> int:
        """Booked as lost."""
        return sum(part.lost for part in self.parts)

    @property
    def refunded_seconds(self) -> int:
        """Given back to the project."""
        return sum(part.refunded for part in self.parts)

    @property
    def owed_seconds(self) -> int:
        """Claimed but not given back."""
        return self.lost_seconds - self.refunded_seconds


@dataclass(frozen=True, slots=True)
class _Failure:
    attempt_id: str
    fence: str
    job_id: str
    happened_at: datetime


def loss_and_refund(
    *, attempt_id: str, fence: int | str, quantity: int, by: Actor, now: datetime | None = None
) -> LossResult:
    """Book use that an infrastructure failure made worthless (spent → lost) and give the project as much back
    (unallocated → available) as the pledge's headroom allows, in reverse order of capture. Once per fence.

    `quantity` is the claim; at most what the attempt captured is lost. The same (attempt, fence) again gives the
    same result. Raises Conflict for another claim, Refused below 0.
    """
    if quantity < 0:
        raise Refused(_("A claim is never negative."), field="quantity", rule="quantity")
    with transaction.atomic():
        accounts = _lock(captured_of_attempt(attempt_id))
        captured = captured_of_attempt(attempt_id, except_fence=str(fence))
        claim = min(quantity, sum(part.quantity for part in captured))
        if stored := _stored(attempt_id, fence):
            if sum(part.lost for part in stored) != claim:
                raise different(key_of(HoursKind.LOSS, attempt_id, fence))
            return LossResult(stored)
        failure = _Failure(attempt_id, str(fence), job_of_attempt(attempt_id), now or timezone.now())
        parts = []
        for part in captured:
            lost = min(claim, part.quantity)
            claim -= lost
            if lost:
                parts.append(_post_loss(part, lost, accounts, failure, by=by))
    return LossResult(parts)


def _lock(captured: list[CapturedPart]) -> Accounts:
    return lock(pledge_ids={part.pledge_id for part in captured}, source_ids=[part.source_id for part in captured])


def _post_loss(part: CapturedPart, lost: int, accounts: Accounts, failure: _Failure, *, by: Actor) -> LossPart:
    pledge = Pledge.objects.get(pk=part.pledge_id)
    room = headroom(balances_of_pledge(pledge), current_terms(pledge).over_commit_percent)
    refund = min(lost, max(0, room))
    spent = accounts.of_source(part.source_id, AccountKind.SPENT).pk
    gone = accounts.of_source(part.source_id, AccountKind.LOST).pk
    available = accounts.of_source(part.source_id, AccountKind.AVAILABLE).pk
    unallocated = accounts.of_pledge(part.pledge_id, AccountKind.UNALLOCATED).pk
    for kind, moves in (
        (HoursKind.LOSS, {spent: -lost, gone: lost}),
        (HoursKind.REFUND, {unallocated: -refund, available: refund}),
    ):
        if any(moves.values()):
            posting = Posting(
                kind=kind,
                pledge_id=pledge.pk,
                key=key_of(kind, failure.attempt_id, failure.fence, pledge.public_id),
                moves=moves,
                happened_at=failure.happened_at,
                subject=failure.job_id,
                attempt=failure.attempt_id,
            )
            post(posting, by=by)
    return LossPart(pledge.pk, lost, refund)


def _stored(attempt_id: str, fence: int | str) -> list[LossPart]:
    def by_pledge(kind: HoursKind, account: AccountKind) -> dict[int, int]:
        lines = HoursLine.objects.filter(transaction__in=posted(kind, attempt_id, fence), account__kind=account)
        rows = lines.order_by("id").values_list("account__pledge_id", "quantity")
        return dict(rows)

    refunded = by_pledge(HoursKind.REFUND, AccountKind.AVAILABLE)
    lost = by_pledge(HoursKind.LOSS, AccountKind.LOST)
    return [LossPart(pledge, quantity, refunded.get(pledge, 0)) for pledge, quantity in lost.items()]
