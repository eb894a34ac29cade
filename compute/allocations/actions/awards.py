from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.actions.deposits import award_hours
from compute.allocations.enums import AllocationStatus, RequestStatus
from compute.allocations.events import AllocationAwarded
from compute.allocations.models import Allocation, AllocationSource, Request, RequestLine
from compute.allocations.rules import (
    clash,
    clauses_of,
    declaration_of,
    failing_clauses,
    require_open,
    require_reason,
    require_unconflicted,
)
from grants.funding.enums import PledgeStatus
from grants.funding.models import Pledge
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.outbox import publish
from institute.core.states import record_change, transition


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """What one pledge gives to one line of the request, in accelerator-seconds."""

    line: RequestLine
    pledge: Pledge
    amount: int
    draw_rank: int | None = None


@dataclass(frozen=True, slots=True)
class AwardDraft:
    """A decision: who gives how much, and for how long."""

    sources: Sequence[SourceDraft]
    starts_at: datetime
    ends_at: datetime
    priority: int = 50


def approve_request(*, request: Request, award: AwardDraft, by: Actor, now: datetime | None = None) -> Allocation:
    """Grant a request, in one transaction: status, allocation, sources, AWARD within each pledge's headroom, and
    `AllocationAwarded`. Nothing is written if any part is refused.

    Raises Forbidden for a member of the project or one who acts for a giver, Refused for amounts beyond a line,
    another type, a window outside the pledge or a blocking clause, Exhausted if headroom is short, Conflict if it is
    decided.
    """
    now = now or timezone.now()
    with transaction.atomic():
        request = Request.objects.select_for_update(of=("self",)).select_related("project").get(pk=request.pk)
        drafts = _checked(request, award)
        pledges = {draft.pledge.pk: draft.pledge for draft in drafts}
        require_open(request.project)
        require_unconflicted(request, [pledge.donor for pledge in pledges.values()], by=by, now=now)
        _require_clauses(request, sorted(pledges))
        fields = {"decided_at": now, "decided_by": str(by)}
        transition(request, RequestStatus.APPROVED, by=by, now=now, fields=fields)
        allocation = Allocation.objects.create(
            project=request.project,
            request=request,
            priority=award.priority,
            starts_at=award.starts_at,
            ends_at=award.ends_at,
            created_by=str(by),
        )
        record_change(allocation, from_status="", to_status=allocation.status, by=by, now=now)
        _write_awarded(request, drafts)
        for key in sorted(pledges):
            _give(allocation, pledges[key], [draft for draft in drafts if draft.pledge.pk == key], by=by, now=now)
        audit.record(by=by, action="request.approve", subject=request, details={"allocation": allocation.public_id})
        event = AllocationAwarded(allocation_id=allocation.public_id, project_id=request.project.public_id)
        publish(event, subject=request.project.public_id, by=by)
    return allocation


def freeze_allocation(*, allocation: Allocation, reason: str, by: Actor) -> Allocation:
    """Allow no new hold; what runs goes on. Raises Refused without a reason, Conflict unless it is active."""
    return _move(allocation, AllocationStatus.FROZEN, reason=reason, by=by)


def unfreeze_allocation(*, allocation: Allocation, reason: str, by: Actor) -> Allocation:
    """Let hours be held again. Raises Refused without a reason, Conflict unless it is frozen."""
    return _move(allocation, AllocationStatus.ACTIVE, reason=reason, by=by)


def close_allocation(*, allocation: Allocation, reason: str, by: Actor) -> Allocation:
    """End an allocation for good. Raises Refused without a reason, Conflict if it has ended."""
    return _move(allocation, AllocationStatus.CLOSED, reason=reason, by=by)


def lock_source(*, source: AllocationSource, reason: str, by: Actor) -> AllocationSource:
    """Take one source out of the draw, others go on paying. An empty reason unlocks it."""
    with transaction.atomic():
        source = AllocationSource.objects.select_for_update().get(pk=source.pk)
        source.locked_reason = reason.strip()
        source.save(update_fields=["locked_reason"])
        audit.record(by=by, action="source.lock", subject=source, details={"reason": source.locked_reason})
    return source


def _move(allocation: Allocation, to: AllocationStatus, *, reason: str, by: Actor) -> Allocation:
    reason = require_reason(reason)
    with transaction.atomic():
        transition(allocation, to, by=by, reason=reason)
        audit.record(by=by, action=f"allocation.{to.value}", subject=allocation)
    return allocation


def _checked(request: Request, award: AwardDraft) -> list[SourceDraft]:
    """The parts that give something; Refused unless each fits its line, its pledge and the window."""
    drafts = [draft for draft in award.sources if draft.amount != 0]
    if not drafts:
        raise Refused(
            _("Nothing is awarded."), field="sources", rule="award-empty", way_out=_("Decline the request instead.")
        )
    if award.starts_at >= award.ends_at:
        raise Refused(_("The allocation ends after it starts."), field="ends_at", rule="window")
    lines = {line.pk: line for line in request.current_lines.prefetch_related("alternatives")}
    given: Counter[int] = Counter()
    for draft in drafts:
        line = lines.get(draft.line.pk)
        if line is None:
            raise Refused(_("The line is not one of this request's."), field="sources", rule="award-line")
        _require_fit(line, draft, award)
        given[line.pk] += draft.amount
        if given[line.pk] > line.amount_requested:
            raise Refused(_("More is awarded than was requested."), field="sources", rule="award-amount")
    return drafts


def _require_fit(line: RequestLine, draft: SourceDraft, award: AwardDraft) -> None:
    if draft.amount < 0:
        raise Refused(_("An award is more than zero."), field="sources", rule="award-amount")
    pledge = draft.pledge
    if pledge.status != PledgeStatus.ACTIVE:
        raise Refused(_("%(pledge)s is not active.") % {"pledge": pledge}, field="sources", rule="pledge-status")
    supply = getattr(pledge, "supply", None)
    if supply is None:
        raise Refused(
            _("%(pledge)s has no supply yet.") % {"pledge": pledge},
            field="sources",
            rule="no-supply",
            way_out=_("Enter which provider and clusters its hours run on."),
        )
    if supply.type_id not in {line.type_id, *(other.pk for other in line.alternatives.all())}:
        raise Refused(
            _("%(pledge)s gives %(type)s, which the line does not accept.") % {"pledge": pledge, "type": supply.type},
            field="sources",
            rule="award-type",
        )
    if award.ends_at <= pledge.window_starts_at or award.starts_at >= pledge.window_ends_at:
        raise Refused(
            _("The allocation lies outside the window of %(pledge)s.") % {"pledge": pledge},
            field="ends_at",
            rule="window",
        )


def _require_clauses(request: Request, pledge_ids: Sequence[int]) -> None:
    clauses = [clause for found in clauses_of(pledge_ids).values() for clause in found]
    if pair := clash(clauses):
        raise Refused(
            _("%(one)s %(other)s Together they allow nothing.") % {"one": pair[0], "other": pair[1]},
            field="sources",
            rule="clause-clash",
            way_out=_("Award from one of the two pledges only."),
        )
    for failing in failing_clauses(clauses, declaration_of(request.project, request)):
        if failing.is_blocking:
            raise Refused(str(failing), field="sources", rule="clause", way_out=failing.way_out)


def _write_awarded(request: Request, drafts: Sequence[SourceDraft]) -> None:
    given: Counter[int] = Counter()
    for draft in drafts:
        given[draft.line.pk] += draft.amount
    for line in request.current_lines:
        line.amount_awarded = given[line.pk]
        line.save(update_fields=["amount_awarded"])


def _give(allocation: Allocation, pledge: Pledge, drafts: Sequence[SourceDraft], *, by: Actor, now: datetime) -> None:
    ranks = [draft.draw_rank for draft in drafts if draft.draw_rank is not None]
    source = AllocationSource.objects.create(
        allocation=allocation,
        pledge=pledge,
        draw_rank=min(ranks, default=None),
        starts_at=max(allocation.starts_at, pledge.window_starts_at),
        ends_at=min(allocation.ends_at, pledge.window_ends_at),
        created_by=str(by),
    )
    amount = sum(draft.amount for draft in drafts)
    award_hours(source=source, cause=allocation.request.public_id, available=amount, by=by, now=now)
