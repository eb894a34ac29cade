import calendar
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from grants.funding.enums import ObligationKind, ObligationStatus, RestrictionKind
from grants.funding.events import ObligationAccepted
from grants.funding.models import Obligation, Pledge, Restriction
from grants.funding.queries import OPEN_DUTIES
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.outbox import publish
from institute.core.states import record_change, transition


@dataclass(frozen=True, slots=True)
class Evidence:
    """What fulfils a duty: its opaque public id, and the name and address under which people find it."""

    id: str
    label: str = ""
    url: str = ""


# Which duty each clause opens, and in how many months it is due where the clause does not say.
DUTIES = {
    RestrictionKind.PUBLISH_BY: (ObligationKind.PUBLICATION, 12),
    RestrictionKind.CITE: (ObligationKind.CREDIT, 12),
    RestrictionKind.OPEN_LICENCE: (ObligationKind.LICENCE, 12),
}


def open_obligations(*, pledge: Pledge, project_id: str, first_used_at: datetime, by: Actor) -> list[Obligation]:
    """Open the duties that a project's first used second puts on it; those already open are returned as they are."""
    opened = []
    with transaction.atomic():
        Pledge.objects.select_for_update().get(pk=pledge.pk)
        for clause in pledge.restrictions.filter(kind__in=list(DUTIES)).order_by("clause_no"):
            kind, months = DUTIES[RestrictionKind(clause.kind)]
            obligation, is_new = Obligation.objects.get_or_create(
                restriction=clause,
                subject=project_id,
                defaults={
                    "pledge": pledge,
                    "kind": kind,
                    "text": clause.text,
                    "due_on": months_after(first_used_at.date(), _months(clause, months)),
                    "created_by": str(by),
                },
            )
            if is_new:
                record_change(obligation, from_status="", to_status=obligation.status, by=by)
                audit.record(by=by, action="obligation.open", subject=obligation, details={"project": project_id})
            opened.append(obligation)
    return opened


def propose_fulfilment(
    *, pledge: Pledge, project_id: str, kinds: Collection[ObligationKind], evidence: Evidence, by: Actor
) -> list[Obligation]:
    """Say that `evidence` fulfils a project's open duties of these kinds; a person accepts it later."""
    with transaction.atomic():
        duties = list(
            Obligation.objects.select_for_update()
            .filter(pledge=pledge, subject=project_id, kind__in=list(kinds), status__in=OPEN_DUTIES)
            .order_by("pk")
        )
        for duty in duties:
            fields = {"evidence": evidence.id, "evidence_label": evidence.label, "evidence_url": evidence.url}
            transition(duty, ObligationStatus.SUBMITTED, by=by, fields=fields)
            audit.record(by=by, action="obligation.propose", subject=duty, details={"evidence": evidence.id})
    return duties


def accept_fulfilment(*, obligation: Obligation, by: Actor) -> Obligation:
    """A person agrees that the evidence fulfils the duty. Raises Conflict unless it is submitted."""
    with transaction.atomic():
        obligation = Obligation.objects.select_for_update(of=("self",)).select_related("pledge").get(pk=obligation.pk)
        transition(obligation, ObligationStatus.ACCEPTED, by=by)
        audit.record(by=by, action="obligation.accept", subject=obligation, details={"evidence": obligation.evidence})
        event = ObligationAccepted(
            obligation_id=obligation.public_id, pledge_id=obligation.pledge.public_id, evidence=obligation.evidence
        )
        publish(event, subject=obligation.pledge.public_id, by=by)
    return obligation


def send_back(*, obligation: Obligation, by: Actor, reason: str) -> Obligation:
    """The evidence does not do: the duty is due again. Raises Refused without a reason."""
    return _move(obligation, ObligationStatus.DUE, by=by, reason=reason, action="obligation.send_back")


def waive_obligation(*, obligation: Obligation, by: Actor, reason: str) -> Obligation:
    """The donor does not insist. Raises Refused without a reason."""
    return _move(obligation, ObligationStatus.WAIVED, by=by, reason=reason, action="obligation.waive")


def mark_due(*, today: date, by: Actor) -> int:
    """Move every scheduled duty whose day has come to due; how many."""
    duties = list(Obligation.objects.filter(status=ObligationStatus.SCHEDULED, due_on__lte=today).order_by("pk"))
    for duty in duties:
        transition(duty, ObligationStatus.DUE, by=by, reason="its day has come")
    return len(duties)


def months_after(start: date, months: int) -> date:
    """The same day `months` later, the last of the month where there is no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def _months(clause: Restriction, default: int) -> int:
    return int(clause.parameter.get("months", default))


def _move(obligation: Obligation, to: ObligationStatus, *, by: Actor, reason: str, action: str) -> Obligation:
    if not reason.strip():
        raise Refused(_("Give a reason: donors and auditors will read it."), field="reason", rule="reason")
    with transaction.atomic():
        obligation = Obligation.objects.select_for_update().get(pk=obligation.pk)
        transition(obligation, to, by=by, reason=reason)
        audit.record(by=by, action=action, subject=obligation, details={"reason": reason})
    return obligation
