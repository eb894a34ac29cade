"""What the database itself refuses, asked as the application's own role, without the ORM."""

from typing import Any

import psycopg
import pytest

from compute.allocations.enums import AccountKind
from compute.allocations.models import HoursAccount, HoursLine, HoursTransaction, RequestLine
from grants.funding.models import Pledge
from tests.factories.allocations import allocation_from, pledge_with_hours, source_of, submitted_request

pytestmark = pytest.mark.django_db(transaction=True)
Connection = psycopg.Connection[Any]


@pytest.fixture
def pledge() -> Pledge:
    return pledge_with_hours(seconds=1000)


def account(pledge: Pledge, kind: AccountKind) -> int:
    return HoursAccount.objects.get(pledge=pledge, kind=kind).pk


def write(connection: Connection, pledge: Pledge, lines: dict[int, int], *, count: int | None = None) -> None:
    with connection.transaction():
        row = connection.execute(
            "INSERT INTO allocations_hourstransaction (public_id, kind, pledge_id, idempotency_key, subject, attempt,"
            " happened_at, posted_at, by, reason, line_count)"
            " VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'hold', %s, 'forged', '', '', now(), now(), 'x', '', %s)"
            " RETURNING id",
            [pledge.pk, len(lines) if count is None else count],
        ).fetchone()
        assert row is not None
        for key, quantity in lines.items():
            connection.execute(
                "INSERT INTO allocations_hoursline (transaction_id, account_id, quantity) VALUES (%s, %s, %s)",
                [row[0], key, quantity],
            )


def test_a_balanced_transaction_passes(application_connection: Connection, pledge: Pledge) -> None:
    lines = {account(pledge, AccountKind.UNALLOCATED): -5, account(pledge, AccountKind.OVERHEAD): 5}
    write(application_connection, pledge, lines)
    assert HoursTransaction.objects.filter(idempotency_key="forged").exists()


def test_an_unbalanced_transaction_is_refused(application_connection: Connection, pledge: Pledge) -> None:
    lines = {account(pledge, AccountKind.UNALLOCATED): -5, account(pledge, AccountKind.OVERHEAD): 6}
    with pytest.raises(psycopg.errors.CheckViolation, match="sums to 1, not 0"):
        write(application_connection, pledge, lines)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_an_empty_transaction_is_refused(application_connection: Connection, pledge: Pledge, count: int) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        write(application_connection, pledge, {}, count=count)


def test_one_line_is_refused(application_connection: Connection, pledge: Pledge) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="has 1 lines, not 2"):
        write(application_connection, pledge, {account(pledge, AccountKind.UNALLOCATED): 5}, count=2)


def test_another_pledges_account_is_refused(application_connection: Connection, pledge: Pledge) -> None:
    other = pledge_with_hours(seconds=1000)
    lines = {account(pledge, AccountKind.UNALLOCATED): -5, account(other, AccountKind.UNALLOCATED): 5}
    with pytest.raises(psycopg.errors.CheckViolation, match="moves hours of another pledge"):
        write(application_connection, pledge, lines)


def test_lines_cannot_be_added_later(application_connection: Connection, pledge: Pledge) -> None:
    stored = HoursTransaction.objects.get()
    with pytest.raises(psycopg.errors.CheckViolation, match="has 4 lines, not 2"), application_connection.transaction():
        for kind, quantity in ((AccountKind.OVERHEAD, 5), (AccountKind.LAPSED, -5)):
            application_connection.execute(
                "INSERT INTO allocations_hoursline (transaction_id, account_id, quantity) VALUES (%s, %s, %s)",
                [stored.pk, account(pledge, kind), quantity],
            )


def test_a_line_of_zero_is_refused(application_connection: Connection, pledge: Pledge) -> None:
    lines = {account(pledge, AccountKind.UNALLOCATED): 0, account(pledge, AccountKind.OVERHEAD): 0}
    with pytest.raises(psycopg.errors.CheckViolation, match="hours_line_not_zero"):
        write(application_connection, pledge, lines)


@pytest.mark.parametrize("table", ["allocations_hoursline", "allocations_hourstransaction"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_may_not_change_the_ledger(
    application_connection: Connection, pledge: Pledge, table: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application_connection.execute(statement.format(table))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement", ["UPDATE allocations_hoursline SET quantity = 1", "DELETE FROM allocations_hoursline"]
)
def test_the_owner_may_not_either(owner_connection: Connection, pledge: Pledge, statement: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner_connection.execute(statement)  # type: ignore[arg-type]


def test_a_balance_stays_above_its_floor(application_connection: Connection, pledge: Pledge) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="hours_account_above_floor"):
        application_connection.execute(
            "UPDATE allocations_hoursaccount SET balance = -1 WHERE id = %s", [account(pledge, AccountKind.OVERHEAD)]
        )


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("UPDATE allocations_hoursaccount SET floor = -5 WHERE kind = 'overhead'", psycopg.errors.RestrictViolation),
        (
            "UPDATE allocations_hoursaccount SET kind = 'lapsed' WHERE kind = 'overhead'",
            psycopg.errors.RestrictViolation,
        ),
        ("DELETE FROM allocations_hoursaccount", psycopg.errors.RestrictViolation),
        ("UPDATE allocations_hoursaccount SET balance = 1 WHERE kind = 'pledged'", psycopg.errors.CheckViolation),
        ("UPDATE allocations_allocationsource SET pledge_id = pledge_id + 1", psycopg.errors.RestrictViolation),
    ],
)
def test_accounts_and_sources_keep_their_shape(
    application_connection: Connection, pledge: Pledge, statement: str, error: type[Exception]
) -> None:
    allocation_from((pledge, 100))
    with pytest.raises(error):
        application_connection.execute(statement)  # type: ignore[arg-type]


def test_an_account_belongs_to_the_pledge_of_its_source(application_connection: Connection, pledge: Pledge) -> None:
    source = source_of(allocation_from((pledge, 100)))
    other = pledge_with_hours(seconds=10)
    with pytest.raises(psycopg.errors.CheckViolation, match="belongs to the pledge of its source"):
        application_connection.execute(
            "INSERT INTO allocations_hoursaccount (pledge_id, source_id, kind, balance, floor)"
            " VALUES (%s, %s, 'held', 0, 0)",
            [other.pk, source.pk],
        )


@pytest.mark.parametrize("column", ["runs", "hours", "type_id", "amount_requested", "submitted_at"])
def test_a_submitted_line_is_frozen(application_connection: Connection, column: str) -> None:
    line = submitted_request().current_lines.get()
    change = {"submitted_at": "NULL"}.get(column, f"{column} + 1")
    with pytest.raises(psycopg.errors.RestrictViolation, match="frozen"):
        application_connection.execute(f"UPDATE allocations_requestline SET {column} = {change}")  # type: ignore[arg-type]
    application_connection.rollback()
    assert RequestLine.objects.get().hours == line.hours


def test_an_award_is_written_once_and_a_submitted_line_stays(application_connection: Connection) -> None:
    submitted_request()
    application_connection.execute("UPDATE allocations_requestline SET amount_awarded = 5")
    with pytest.raises(psycopg.errors.RestrictViolation, match="frozen"):
        application_connection.execute("UPDATE allocations_requestline SET amount_awarded = 6")
    application_connection.rollback()
    with pytest.raises(psycopg.errors.RestrictViolation, match="stays"):
        application_connection.execute("DELETE FROM allocations_requestline")


def test_lines_and_balances_are_what_the_orm_says(pledge: Pledge) -> None:
    lines = dict(HoursLine.objects.values_list("account_id", "quantity"))
    assert lines == {key: value for key, value in HoursAccount.objects.values_list("pk", "balance") if value}
