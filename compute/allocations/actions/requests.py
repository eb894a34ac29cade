from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.enums import REQUEST_EDITABLE, RequestKind, RequestStatus
from compute.allocations.models import Project, Request, RequestLine
from compute.allocations.rules import require_open, require_reason, require_unconflicted
from compute.capacity.models import AcceleratorType
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.states import record_change, transition

MOST_LINES = 20
LARGEST_AMOUNT = 10**15


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line: `runs` × `accelerators` × `hours` of a type (or an acceptable alternative) within a window."""

    type: AcceleratorType
    runs: int
    accelerators: int
    hours: Decimal
    starts_at: datetime
    ends_at: datetime
    alternatives: Sequence[AcceleratorType] = ()
    is_interruptible: bool = False

    @property
    def amount(self) -> int:
        """The accelerator-seconds that the calculation comes to."""
        return int(self.runs * self.accelerators * self.hours * 3600)


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """What a project asks for and declares. `output_licence` is an SPDX identifier."""

    justification: str
    lines: Sequence[LineDraft]
    kind: RequestKind = RequestKind.NEW
    output_licence: str = ""
    accepts_publishing: bool = False


def draft_request(*, project: Project, draft: RequestDraft, by: Actor) -> Request:
    """Write down a request that nobody else sees yet. Raises Refused if a line does not add up."""
    require_open(project)
    _check_lines(draft.lines)
    with transaction.atomic():
        request = Request.objects.create(
            project=project,
            kind=draft.kind,
            justification=draft.justification,
            output_licence=draft.output_licence,
            accepts_publishing=draft.accepts_publishing,
            created_by=str(by),
        )
        record_change(request, from_status="", to_status=request.status, by=by)
        _write_lines(request, draft.lines, by)
        audit.record(by=by, action="request.draft", subject=request, details={"lines": len(draft.lines)})
    return request


def change_request(*, request: Request, draft: RequestDraft, by: Actor) -> Request:
    """Replace what a draft says; a returned request gets its next revision, the submitted lines stay as they were.

    Raises Conflict unless it is a draft or returned, Refused if a line does not add up.
    """
    _check_lines(draft.lines)
    with transaction.atomic():
        request = _locked(request)
        if request.status not in REQUEST_EDITABLE:
            raise Conflict(
                _("A request that is %(status)s cannot be changed.") % {"status": request.get_status_display()},
                rule="request-frozen",
            )
        if request.current_lines.filter(submitted_at__isnull=False).exists():
            request.revision += 1
        _drop_lines(request)
        request.justification = draft.justification
        request.kind = draft.kind
        request.output_licence = draft.output_licence
        request.accepts_publishing = draft.accepts_publishing
        request.save(update_fields=["revision", "justification", "kind", "output_licence", "accepts_publishing"])
        _write_lines(request, draft.lines, by)
        audit.record(by=by, action="request.change", subject=request, details={"revision": request.revision})
    return request


def submit_request(*, request: Request, by: Actor, now: datetime | None = None) -> Request:
    """Hand a draft, or a returned request, to those who decide; its lines are frozen from now on.

    A returned request that was not changed gets a new revision with the same lines. Raises Conflict in any other
    state, Refused without justification or lines.
    """
    now = now or timezone.now()
    with transaction.atomic():
        request = _locked(request)
        require_open(request.project)
        if not request.justification.strip():
            raise Refused(_("Say what the hours are for."), field="justification", rule="justification")
        if (
            request.status == RequestStatus.RETURNED
            and request.current_lines.filter(submitted_at__isnull=False).exists()
        ):
            _next_revision(request, by)
        if not request.current_lines.exists():
            raise Refused(_("A request needs at least one line."), field="lines", rule="lines")
        fields = {"submitted_at": now, "submitted_by": str(by)}
        transition(request, RequestStatus.SUBMITTED, by=by, now=now, fields=fields)
        request.current_lines.update(submitted_at=now)
        audit.record(by=by, action="request.submit", subject=request, details={"revision": request.revision})
    return request


def return_request(*, request: Request, reason: str, by: Actor, now: datetime | None = None) -> Request:
    """Give a request back for changes. Raises Refused without a reason, Forbidden for one of the project."""
    return _decide(request, RequestStatus.RETURNED, reason=reason, by=by, now=now or timezone.now())


def decline_request(*, request: Request, reason: str, by: Actor, now: datetime | None = None) -> Request:
    """Say no. Raises Refused without a reason, Forbidden for one of the project, Conflict if it is decided."""
    return _decide(request, RequestStatus.DECLINED, reason=reason, by=by, now=now or timezone.now())


def withdraw_request(*, request: Request, by: Actor, reason: str = "", now: datetime | None = None) -> Request:
    """The project takes its request back. Raises Conflict once it is decided."""
    with transaction.atomic():
        request = _locked(request)
        transition(request, RequestStatus.WITHDRAWN, by=by, reason=reason, now=now)
        audit.record(by=by, action="request.withdraw", subject=request)
    return request


def _decide(request: Request, to: RequestStatus, *, reason: str, by: Actor, now: datetime) -> Request:
    reason = require_reason(reason)
    with transaction.atomic():
        request = _locked(request)
        require_unconflicted(request, [], by=by, now=now)
        decided = {"decided_at": now, "decided_by": str(by)} if to == RequestStatus.DECLINED else None
        transition(request, to, by=by, reason=reason, now=now, fields=decided)
        audit.record(by=by, action=f"request.{to.value}", subject=request)
    return request


def _locked(request: Request) -> Request:
    return Request.objects.select_for_update(of=("self",)).select_related("project").get(pk=request.pk)


def _check_lines(lines: Sequence[LineDraft]) -> None:
    if len(lines) > MOST_LINES:
        raise Refused(_("At most %(most)d lines.") % {"most": MOST_LINES}, field="lines", rule="lines")
    for line in lines:
        if line.runs <= 0 or line.accelerators <= 0 or line.hours <= 0:
            raise Refused(_("Runs, accelerators and hours are more than zero."), field="lines", rule="line-amount")
        if Decimal(line.hours).as_tuple().exponent < -2:  # type: ignore[operator]  # finite: it was compared
            raise Refused(_("Hours have at most two decimals."), field="lines", rule="line-amount")
        if line.amount > LARGEST_AMOUNT:
            raise Refused(_("A line asks for more than the ledger can hold."), field="lines", rule="line-amount")
        if line.starts_at >= line.ends_at:
            raise Refused(_("A line's window ends after it starts."), field="lines", rule="line-window")


def _write_lines(request: Request, lines: Sequence[LineDraft], by: Actor) -> None:
    for position, draft in enumerate(lines, start=1):
        line = RequestLine.objects.create(
            request=request,
            revision=request.revision,
            position=position,
            type=draft.type,
            starts_at=draft.starts_at,
            ends_at=draft.ends_at,
            is_interruptible=draft.is_interruptible,
            runs=draft.runs,
            accelerators=draft.accelerators,
            hours=draft.hours,
            amount_requested=draft.amount,
            created_by=str(by),
        )
        line.alternatives.set(draft.alternatives)


def _drop_lines(request: Request) -> None:
    """Lines that were never submitted are nobody's record yet."""
    for line in request.current_lines:
        line.alternatives.clear()
        line.delete()


def _next_revision(request: Request, by: Actor) -> None:
    """The same lines once more under the next revision."""
    drafts = [
        LineDraft(
            type=line.type,
            runs=line.runs,
            accelerators=line.accelerators,
            hours=line.hours,
            starts_at=line.starts_at,
            ends_at=line.ends_at,
            alternatives=list(line.alternatives.all()),
            is_interruptible=line.is_interruptible,
        )
        for line in request.current_lines.select_related("type")
    ]
    request.revision += 1
    request.save(update_fields=["revision"])
    _write_lines(request, drafts, by)
