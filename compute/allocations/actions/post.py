"""The only code that writes the hours ledger.

Order, always: lock every account concerned in one statement, look whether the key is known, write. No row of a
later app may be locked before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from compute.allocations.enums import PLEDGE_ACCOUNTS, SOURCE_ACCOUNTS, WITHOUT_FLOOR, AccountKind, HoursKind
from compute.allocations.models import AllocationSource, HoursAccount, HoursLine, HoursTransaction
from institute.core import faults
from institute.core.actors import Actor
from institute.core.errors import Conflict, Exhausted

_ADD_TO_BALANCES = """
UPDATE allocations_hoursaccount AS a SET balance = a.balance + m.quantity
  FROM unnest(%s::bigint[], %s::bigint[]) AS m (account_id, quantity)
 WHERE a.id = m.account_id AND (a.floor IS NULL OR a.balance + m.quantity >= a.floor)
"""
_ADD_TO_DAYS = """
INSERT INTO allocations_hoursday (account_id, day, quantity)
SELECT m.account_id, %s, m.quantity FROM unnest(%s::bigint[], %s::bigint[]) AS m (account_id, quantity)
ON CONFLICT (account_id, day) DO UPDATE SET quantity = allocations_hoursday.quantity + EXCLUDED.quantity
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """What is to be posted: `moves` maps accounts (by id) to signed accelerator-seconds; zeros are left out."""

    kind: HoursKind
    pledge_id: int
    key: str
    moves: Mapping[int, int]
    happened_at: datetime
    subject: str = ""
    attempt: str = ""
    reason: str = ""


class Accounts:
    """Locked accounts, found by owner and kind."""

    def __init__(self, accounts: Iterable[HoursAccount]) -> None:
        self._of_pledge: dict[tuple[int, str], HoursAccount] = {}
        self._of_source: dict[tuple[int, str], HoursAccount] = {}
        for account in accounts:
            if account.source_id is None:
                self._of_pledge[account.pledge_id, account.kind] = account
            else:
                self._of_source[account.source_id, account.kind] = account

    def of_pledge(self, pledge_id: int, kind: AccountKind) -> HoursAccount:
        """A pledge's own account."""
        return self._of_pledge[pledge_id, kind]

    def of_source(self, source_id: int, kind: AccountKind) -> HoursAccount:
        """A source's account."""
        return self._of_source[source_id, kind]


def open_accounts(pledge_id: int, source: AllocationSource | None = None) -> None:
    """Make sure that the accounts of a pledge, or of one of its sources, exist."""
    kinds = PLEDGE_ACCOUNTS if source is None else SOURCE_ACCOUNTS
    HoursAccount.objects.bulk_create(
        (
            HoursAccount(pledge_id=pledge_id, source=source, kind=kind, floor=None if kind in WITHOUT_FLOOR else 0)
            for kind in kinds
        ),
        ignore_conflicts=True,
    )


def lock(*, pledge_ids: Iterable[int], source_ids: Iterable[int] = ()) -> Accounts:
    """Lock the pledges' own accounts and those of the sources, in the one order that all use."""
    condition = Q(pledge_id__in=set(pledge_ids), source__isnull=True) | Q(source_id__in=set(source_ids))
    return Accounts(HoursAccount.objects.select_for_update().filter(condition).order_by("id"))


def key_of(kind: HoursKind, *parts: object) -> str:
    """The idempotency key: the kind, then the parts, joined by colons."""
    return ":".join([kind.value, *map(str, parts)])


def posted(kind: HoursKind, *parts: object) -> QuerySet[HoursTransaction]:
    """The transactions whose key begins with these parts, in the order of posting."""
    return HoursTransaction.objects.filter(idempotency_key__startswith=key_of(kind, *parts) + ":").order_by("id")


def post(posting: Posting, *, by: Actor) -> HoursTransaction:
    """Post once: a known key with equal lines gives the stored transaction and changes nothing.

    The caller holds the locks of all accounts. Raises Conflict for a known key with other lines, Exhausted if a
    balance would fall below its floor.
    """
    moves = {account: quantity for account, quantity in sorted(posting.moves.items()) if quantity}
    HoursTransaction.objects.bulk_create(
        [
            draft := HoursTransaction(
                kind=posting.kind,
                pledge_id=posting.pledge_id,
                idempotency_key=posting.key,
                subject=posting.subject,
                attempt=posting.attempt,
                happened_at=posting.happened_at,
                by=str(by),
                reason=posting.reason,
                line_count=len(moves),
            )
        ],
        ignore_conflicts=True,
    )
    stored = HoursTransaction.objects.get(idempotency_key=posting.key)
    if stored.public_id != draft.public_id:
        _require_equal_lines(stored, moves)
        return stored
    HoursLine.objects.bulk_create(
        HoursLine(transaction=stored, account_id=account, quantity=quantity) for account, quantity in moves.items()
    )
    faults.point("hours-after-lines")
    _move_balances(posting, moves)
    return stored


def _require_equal_lines(stored: HoursTransaction, moves: Mapping[int, int]) -> None:
    if dict(stored.lines.values_list("account_id", "quantity")) != moves:
        raise different(stored.idempotency_key)


def different(key: str) -> Conflict:
    """The error for a key that was used for something else."""
    return Conflict(
        _("“%(key)s” is already posted with other quantities.") % {"key": key},
        rule="hours-key",
        way_out=_("A posted movement never changes; correct it by a new one."),
    )


def _move_balances(posting: Posting, moves: Mapping[int, int]) -> None:
    accounts, quantities = list(moves), list(moves.values())
    with connection.cursor() as cursor:
        cursor.execute(_ADD_TO_BALANCES, [accounts, quantities])
        if cursor.rowcount != len(moves):
            raise Exhausted(
                _("Not enough hours are left for “%(key)s”.") % {"key": posting.key},
                rule="hours-floor",
                way_out=_("Ask for a supplement."),
            )
        cursor.execute(_ADD_TO_DAYS, [posting.happened_at.astimezone(UTC).date(), accounts, quantities])
