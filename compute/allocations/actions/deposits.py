from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.actions.post import Posting, key_of, lock, open_accounts, post
from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import AllocationSource, HoursTransaction
from compute.allocations.queries import headroom_of
from grants.funding.models import Pledge
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Exhausted, Refused
from institute.core.ui.formats import hours_text


def deposit_hours(
    *, pledge: Pledge, terms_version: int, amount: int, by: Actor, now: datetime | None = None
) -> HoursTransaction:
    """Enter what a version of a pledge's terms promises: pledged → unallocated. Once per version.

    Raises Refused for an amount that is not positive, Conflict if the version was entered with another amount.
    """
    if amount <= 0:
        raise Refused(_("A deposit is more than zero."), field="amount", rule="amount")
    with transaction.atomic():
        open_accounts(pledge.pk)
        accounts = lock(pledge_ids=[pledge.pk])
        stored = post(
            Posting(
                kind=HoursKind.DEPOSIT,
                pledge_id=pledge.pk,
                key=key_of(HoursKind.DEPOSIT, pledge.public_id, terms_version),
                moves={
                    accounts.of_pledge(pledge.pk, AccountKind.PLEDGED).pk: -amount,
                    accounts.of_pledge(pledge.pk, AccountKind.UNALLOCATED).pk: amount,
                },
                happened_at=now or timezone.now(),
            ),
            by=by,
        )
        audit.record(
            by=by, action="hours.deposit", subject=pledge, details={"version": terms_version, "amount": amount}
        )
    return stored


def award_hours(
    *, source: AllocationSource, cause: str, available: int, by: Actor, now: datetime, deferred: int = 0
) -> HoursTransaction:
    """Promise hours of a pledge to one source: unallocated → available and deferred. Once per `cause` (a request).

    Raises Exhausted if the pledge's headroom, its reserve set aside, is smaller; nothing is written then.
    """
    pledge, amount = source.pledge, available + deferred
    with transaction.atomic():
        open_accounts(pledge.pk, source)
        accounts = lock(pledge_ids=[pledge.pk], source_ids=[source.pk])
        key = key_of(HoursKind.AWARD, cause, pledge.public_id)
        if not HoursTransaction.objects.filter(idempotency_key=key).exists():
            require_headroom(pledge, amount)
        stored = post(
            Posting(
                kind=HoursKind.AWARD,
                pledge_id=pledge.pk,
                key=key,
                moves={
                    accounts.of_pledge(pledge.pk, AccountKind.UNALLOCATED).pk: -amount,
                    accounts.of_source(source.pk, AccountKind.AVAILABLE).pk: available,
                    accounts.of_source(source.pk, AccountKind.DEFERRED).pk: deferred,
                },
                happened_at=now,
            ),
            by=by,
        )
        audit.record(by=by, action="hours.award", subject=source, details={"cause": cause, "amount": amount})
    return stored


def require_headroom(pledge: Pledge, amount: int) -> None:
    """Exhausted if the books cannot promise `amount`; the pledge's accounts are locked."""
    left = headroom_of(pledge)
    if amount > left:
        accelerator = pledge.supply.type
        raise Exhausted(
            _("%(amount)s are asked of %(pledge)s, which can promise %(left)s, its reserve set aside.")
            % {
                "amount": hours_text(amount, accelerator),
                "pledge": pledge,
                "left": hours_text(left, accelerator),
            },
            rule="headroom",
            way_out=_("Award less or draw on another pledge."),
        )
