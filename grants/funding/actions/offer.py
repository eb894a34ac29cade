from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from grants.donors.enums import DonorStatus
from grants.donors.models import Donor
from grants.funding import rules
from grants.funding.enums import Enforcement, LimitPolicy, Recognition, RestrictionKind, ServiceClass, TermsKind
from grants.funding.models import ComputeTerms, Pledge, Restriction
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.states import record_change

LONGEST_PUBLISH_BY_MONTHS = 120


@dataclass(frozen=True, slots=True)
class TermsDraft:
    """What is promised: `amount` accelerator-seconds of the type `type_slug`."""

    type_slug: str
    amount: int
    kind: TermsKind = TermsKind.POOL
    service_class: ServiceClass = ServiceClass.ON_DEMAND
    notice_days: int = 30
    reserve_percent: int = 2
    policy: LimitPolicy = LimitPolicy.HARD
    recognition: Recognition = Recognition.CONDITIONAL


@dataclass(frozen=True, slots=True)
class RestrictionDraft:
    """A clause; for `cite` the text is the sentence to print."""

    kind: RestrictionKind
    text: str
    parameter: dict[str, Any] = field(default_factory=dict)
    enforcement: Enforcement = Enforcement.BLOCK


@dataclass(frozen=True, slots=True)
class PledgeDraft:
    """A promise as it is entered; the window is half-open in UTC."""

    title: str
    window_starts_at: datetime
    window_ends_at: datetime
    terms: TermsDraft
    restrictions: Sequence[RestrictionDraft] = ()
    is_irrevocable: bool = False
    note: str = ""


def offer_pledge(*, donor: Donor, draft: PledgeDraft, by: Actor, now: datetime | None = None) -> Pledge:
    """Enter a donor's promise, with its first terms and its clauses, as offered.

    Nothing can be allocated before it is accepted and its window opens. Raises Refused for an empty window,
    amount or text, for a donor that is merged or erased, and for kinds of terms that are not built yet.
    """
    _check(donor, draft, now or timezone.now())
    with transaction.atomic():
        pledge = Pledge.objects.create(
            donor=donor,
            title=draft.title.strip(),
            note=draft.note,
            window_starts_at=draft.window_starts_at,
            window_ends_at=draft.window_ends_at,
            is_irrevocable=draft.is_irrevocable,
            created_by=str(by),
        )
        _write_terms(pledge, draft.terms, by)
        for number, clause in enumerate(draft.restrictions, start=1):
            Restriction.objects.create(
                pledge=pledge,
                kind=clause.kind,
                parameter=clause.parameter,
                enforcement=clause.enforcement,
                text=clause.text.strip(),
                clause_no=number,
                created_by=str(by),
            )
        record_change(pledge, from_status="", to_status=pledge.status, by=by, now=now)
        audit.record(by=by, action="pledge.offer", subject=pledge, details={"amount": draft.terms.amount})
    return pledge


def _write_terms(pledge: Pledge, terms: TermsDraft, by: Actor) -> ComputeTerms:
    return ComputeTerms.objects.create(
        pledge=pledge,
        version=1,
        kind=terms.kind,
        type_slug=terms.type_slug,
        amount=terms.amount,
        service_class=terms.service_class,
        notice_days=terms.notice_days,
        reserve_percent=terms.reserve_percent,
        policy=terms.policy,
        recognition=terms.recognition,
        created_by=str(by),
    )


def _check(donor: Donor, draft: PledgeDraft, now: datetime) -> None:
    if donor.status != DonorStatus.ACTIVE:
        raise Refused(_("%(donor)s can give no more.") % {"donor": donor}, field="donor", rule="donor-active")
    if not draft.title.strip() or len(draft.title) > 120:
        raise Refused(_("A pledge has a title of at most 120 characters."), field="title", rule="title")
    rules.require_window(draft.window_starts_at, draft.window_ends_at, now)
    rules.require_built_kind(draft.terms.kind)
    rules.require_amount(draft.terms.amount)
    if not draft.terms.type_slug:
        raise Refused(_("Choose the type of accelerator."), field="type_slug", rule="type")
    if draft.terms.reserve_percent not in range(101) or draft.terms.notice_days not in range(3651):
        raise Refused(_("The reserve is 0 to 100 per cent, the notice at most 3,650 days."), rule="terms")
    for clause in draft.restrictions:
        _check_clause(clause)


def _check_clause(clause: RestrictionDraft) -> None:
    if not clause.text.strip():
        raise Refused(_("A clause needs its text."), field=f"{clause.kind}_text", rule="clause-text")
    if clause.kind == RestrictionKind.PUBLISH_BY:
        months = clause.parameter.get("months")
        if not isinstance(months, int) or not 1 <= months <= LONGEST_PUBLISH_BY_MONTHS:
            raise Refused(_("Publish by: 1 to 120 months."), field="publish_by_months", rule="publish-by")
