"""The hours ledger by the thousand: whole transactions, and balances and days that are their sums."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC

from compute.allocations.actions.post import key_of
from compute.allocations.enums import PLEDGE_ACCOUNTS, SOURCE_ACCOUNTS, WITHOUT_FLOOR, AccountKind, HoursKind
from compute.allocations.models import AllocationSource, HoursAccount, HoursDay, HoursLine, HoursTransaction
from grants.funding.models import Pledge
from institute.staff.management.scale.bulk import BATCH, BY, Plan, write

Place = tuple[int, int | None, str]  # pledge, source, kind of account


@dataclass(frozen=True)
class Move:
    """One transaction: what it is keyed by, and signed accelerator-seconds by place."""

    kind: HoursKind
    pledge: Pledge
    key: str
    quantities: Mapping[Place, int]
    subject: str = ""
    attempt: str = ""


class Books:
    """Every account of the pledges and sources, kept in step with what is posted."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._accounts: dict[Place, HoursAccount] = {}
        self._days: dict[int, HoursDay] = {}

    def open(self, pledges: Iterable[Pledge], sources: Iterable[AllocationSource]) -> None:
        """The empty accounts."""
        accounts = [
            HoursAccount(pledge=pledge, kind=kind, floor=_floor(kind)) for pledge in pledges for kind in PLEDGE_ACCOUNTS
        ]
        accounts += [
            HoursAccount(pledge_id=source.pledge_id, source=source, kind=kind, floor=_floor(kind))
            for source in sources
            for kind in SOURCE_ACCOUNTS
        ]
        for account in write(HoursAccount, accounts):
            self._accounts[account.pledge_id, account.source_id, account.kind] = account

    def post(self, moves: list[Move]) -> None:
        """Write the transactions with their lines, then what they add to balances and to the day."""
        transactions = write(HoursTransaction, [self._transaction(move) for move in moves])
        lines = [
            HoursLine(transaction=transaction, account=self._accounts[place], quantity=quantity)
            for transaction, move in zip(transactions, moves, strict=True)
            for place, quantity in move.quantities.items()
        ]
        write(HoursLine, lines)
        moved: Counter[Place] = Counter()
        for move in moves:
            for place, quantity in move.quantities.items():
                moved[place] += quantity
        self._add(moved)

    def _transaction(self, move: Move) -> HoursTransaction:
        return HoursTransaction(
            kind=move.kind,
            pledge=move.pledge,
            idempotency_key=key_of(move.kind, move.key),
            subject=move.subject,
            attempt=move.attempt,
            happened_at=self._plan.now,
            by=str(BY),
            line_count=len(move.quantities),
        )

    def _add(self, moved: Mapping[Place, int]) -> None:
        day = self._plan.now.astimezone(UTC).date()
        changed = [self._accounts[place] for place in moved]
        for place, quantity in moved.items():
            account = self._accounts[place]
            account.balance += quantity
            known = self._days.setdefault(account.pk, HoursDay(account=account, day=day, quantity=0))
            known.quantity += quantity
        HoursAccount.objects.bulk_update(changed, ["balance"], batch_size=BATCH)
        days = [self._days[account.pk] for account in changed]
        HoursDay.objects.bulk_update([row for row in days if row.pk], ["quantity"], batch_size=BATCH)
        write(HoursDay, [row for row in days if not row.pk])


def _floor(kind: AccountKind) -> int | None:
    return None if kind in WITHOUT_FLOOR else 0
