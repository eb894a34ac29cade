from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grants.funding import rules
from grants.funding.enums import PledgeStatus
from grants.funding.events import PledgeAccepted, PledgeActivated, PledgeResumed, PledgeSuspended, PledgeWithdrawn
from grants.funding.models import Pledge
from grants.funding.queries import current_terms, pledges_to_activate
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.outbox import Event, publish
from institute.core.states import transition


def accept_pledge(*, pledge: Pledge, by: Actor, now: datetime | None = None) -> Pledge:
    """Accept a promise; it becomes active at once if its window is open, else when it opens.

    Raises Conflict if it is not offered, Refused if its window is over.
    """
    now = now or timezone.now()
    with transaction.atomic():
        pledge = _locked(pledge)
        rules.require_window(pledge.window_starts_at, pledge.window_ends_at, now)
        transition(pledge, PledgeStatus.ACCEPTED, by=by, now=now, fields={"accepted_at": now})
        _record(pledge, "pledge.accept", PledgeAccepted(pledge_id=pledge.public_id), by)
        if pledge.is_open(now):
            activate_pledge(pledge=pledge, by=by, now=now)
    pledge.refresh_from_db()
    return pledge


def activate_pledge(*, pledge: Pledge, by: Actor, now: datetime | None = None) -> Pledge:
    """Open a promise for allocation. The hours ledger learns of it by `PledgeActivated`.

    Raises Conflict if it is not accepted, Refused outside its window.
    """
    now = now or timezone.now()
    with transaction.atomic():
        pledge = _locked(pledge)
        if not pledge.is_open(now):
            raise Refused(_("The window of %(pledge)s is not open.") % {"pledge": pledge}, rule="window")
        transition(pledge, PledgeStatus.ACTIVE, by=by, now=now, fields={"activated_at": now})
        terms = current_terms(pledge)
        event = PledgeActivated(
            pledge_id=pledge.public_id, terms_version=terms.version, type_slug=terms.type_slug, amount=terms.amount
        )
        _record(pledge, "pledge.activate", event, by)
    return pledge


def activate_due_pledges(*, by: Actor, now: datetime | None = None) -> int:
    """Activate every accepted pledge whose window has opened; how many."""
    now = now or timezone.now()
    due = list(pledges_to_activate(now))
    for pledge in due:
        activate_pledge(pledge=pledge, by=by, now=now)
    return len(due)


def suspend_pledge(*, pledge: Pledge, by: Actor, reason: str) -> Pledge:
    """Allow no new hold on a pledge; what runs goes on. Raises Refused without a reason."""
    _require_reason(reason)
    with transaction.atomic():
        pledge = _locked(pledge)
        transition(pledge, PledgeStatus.SUSPENDED, by=by, reason=reason)
        _record(pledge, "pledge.suspend", PledgeSuspended(pledge_id=pledge.public_id), by)
    return pledge


def resume_pledge(*, pledge: Pledge, by: Actor, reason: str) -> Pledge:
    """Make a suspended pledge usable again. Raises Refused without a reason."""
    _require_reason(reason)
    with transaction.atomic():
        pledge = _locked(pledge)
        transition(pledge, PledgeStatus.ACTIVE, by=by, reason=reason)
        _record(pledge, "pledge.resume", PledgeResumed(pledge_id=pledge.public_id), by)
    return pledge


def withdraw_pledge(
    *, pledge: Pledge, effective_at: datetime, reason: str, by: Actor, now: datetime | None = None
) -> Pledge:
    """Take back what is left of a pledge from `effective_at` on. Nothing already consumed changes.

    Raises Refused without a reason or with less notice than the terms give, Conflict from a final status.
    """
    now = now or timezone.now()
    _require_reason(reason)
    with transaction.atomic():
        pledge = _locked(pledge)
        if pledge.status != PledgeStatus.OFFERED:
            rules.require_notice(pledge, current_terms(pledge), effective_at, now)
        transition(
            pledge, PledgeStatus.WITHDRAWN, by=by, reason=reason, now=now, fields={"withdrawn_from": effective_at}
        )
        event = PledgeWithdrawn(pledge_id=pledge.public_id, effective_at=effective_at.isoformat())
        _record(pledge, "pledge.withdraw", event, by)
    return pledge


def close_pledge(*, pledge: Pledge, by: Actor, reason: str) -> Pledge:
    """End a pledge for good, its report filed. Raises Refused without a reason."""
    _require_reason(reason)
    with transaction.atomic():
        pledge = _locked(pledge)
        transition(pledge, PledgeStatus.CLOSED, by=by, reason=reason)
        _record(pledge, "pledge.close", None, by)
    return pledge


def _locked(pledge: Pledge) -> Pledge:
    return Pledge.objects.select_for_update(of=("self",)).select_related("donor").get(pk=pledge.pk)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(_("Give a reason: donors and auditors will read it."), field="reason", rule="reason")


def _record(pledge: Pledge, action: str, event: Event | None, by: Actor) -> None:
    audit.record(by=by, action=action, subject=pledge)
    if event is not None:
        publish(event, subject=pledge.public_id, by=by)
