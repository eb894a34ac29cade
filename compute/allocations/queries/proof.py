"""The proof that the hours ledger is right: every finding is a break; none means it holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

DELIVERED_WITHIN = timedelta(minutes=15)

# Each query gives the name of what is broken and a sentence on how.
_CHECKS = {
    "transaction_sum": """
        SELECT t.idempotency_key, 'lines: ' || count(l.id) || ' of ' || t.line_count || ', sum '
               || coalesce(sum(l.quantity), 0)
          FROM allocations_hourstransaction t LEFT JOIN allocations_hoursline l ON l.transaction_id = t.id
         GROUP BY t.id
        HAVING coalesce(sum(l.quantity), 0) <> 0 OR count(l.id) < 2 OR count(l.id) <> t.line_count
         ORDER BY t.id""",
    "transaction_pledge": """
        SELECT t.idempotency_key, 'account ' || a.id || ' is of another pledge'
          FROM allocations_hourstransaction t
          JOIN allocations_hoursline l ON l.transaction_id = t.id
          JOIN allocations_hoursaccount a ON a.id = l.account_id
         WHERE a.pledge_id <> t.pledge_id
         ORDER BY t.id""",
    "pledge_sum": """
        SELECT p.public_id, 'balances sum to ' || sum(a.balance)
          FROM allocations_hoursaccount a JOIN funding_pledge p ON p.id = a.pledge_id
         GROUP BY p.id HAVING sum(a.balance) <> 0 ORDER BY p.id""",
    "balance": """
        SELECT p.public_id || ' ' || a.kind || ' ' || a.id,
               'balance ' || a.balance || ', lines ' || coalesce(sum(l.quantity), 0)
          FROM allocations_hoursaccount a
          JOIN funding_pledge p ON p.id = a.pledge_id
          LEFT JOIN allocations_hoursline l ON l.account_id = a.id
         GROUP BY a.id, p.id HAVING a.balance <> coalesce(sum(l.quantity), 0) ORDER BY a.id""",
    "day": """
        SELECT coalesce(d.account_id, m.account_id) || ' ' || coalesce(d.day, m.day),
               'day ' || coalesce(d.quantity, 0) || ', lines ' || coalesce(m.quantity, 0)
          FROM allocations_hoursday d
          FULL JOIN (
               SELECT l.account_id, (t.happened_at AT TIME ZONE 'UTC')::date AS day, sum(l.quantity) AS quantity
                 FROM allocations_hoursline l JOIN allocations_hourstransaction t ON t.id = l.transaction_id
                GROUP BY 1, 2) m ON m.account_id = d.account_id AND m.day = d.day
         WHERE coalesce(d.quantity, 0) <> coalesce(m.quantity, 0)
         ORDER BY 1""",
    "floor": """
        SELECT p.public_id || ' ' || a.kind || ' ' || a.id, 'balance ' || a.balance || ' below ' || a.floor
          FROM allocations_hoursaccount a JOIN funding_pledge p ON p.id = a.pledge_id
         WHERE a.balance < a.floor ORDER BY a.id""",
    "held_of_job": """
        SELECT t.subject, 'holds ' || sum(l.quantity)
          FROM allocations_hoursline l
          JOIN allocations_hourstransaction t ON t.id = l.transaction_id
          JOIN allocations_hoursaccount a ON a.id = l.account_id
         WHERE a.kind = 'held' GROUP BY t.subject HAVING sum(l.quantity) < 0 ORDER BY t.subject""",
    "loss_above_capture": """
        SELECT t.attempt, 'spent ' || sum(l.quantity)
          FROM allocations_hoursline l
          JOIN allocations_hourstransaction t ON t.id = l.transaction_id
          JOIN allocations_hoursaccount a ON a.id = l.account_id
         WHERE a.kind = 'spent' AND t.attempt <> '' GROUP BY t.attempt HAVING sum(l.quantity) < 0 ORDER BY t.attempt""",
    "missing_deposit": """
        SELECT p.public_id, 'active since ' || p.activated_at
          FROM funding_pledge p
         WHERE p.activated_at < %(long_ago)s AND NOT EXISTS (
               SELECT 1 FROM allocations_hourstransaction t WHERE t.pledge_id = p.id AND t.kind = 'deposit')
         ORDER BY p.id""",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One break: which check, of what, and the figures."""

    check: str
    subject: str
    figures: str


def proof(now: datetime) -> list[Finding]:
    """Every break of the hours ledger: sums per transaction and pledge, balances and days against lines, floors,
    holds and refunds against what stands behind them. Empty when it holds."""
    return list(_findings(now))


def _findings(now: datetime) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        for check, statement in _CHECKS.items():
            cursor.execute(statement, {"long_ago": now - DELIVERED_WITHIN})
            for subject, figures in cursor.fetchall():
                yield Finding(check, subject, figures)
