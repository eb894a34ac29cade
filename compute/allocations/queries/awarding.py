"""What a decision on a request may draw on, and how an allocation runs down."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median

from django.db.models import Sum

from compute.allocations.enums import AccountKind
from compute.allocations.models import Allocation, HoursDay, RequestLine
from compute.allocations.queries.balances import balances_of_pledges, headroom, reserve
from grants.funding.enums import PledgeStatus
from grants.funding.models import Pledge
from grants.funding.queries import current_terms, with_terms

PACE_DAYS = 14
LEFT = (AccountKind.AVAILABLE, AccountKind.DEFERRED, AccountKind.HELD)


@dataclass(frozen=True, slots=True)
class Giver:
    """A pledge that may give to a line, and how many accelerator-seconds it can still promise."""

    line: RequestLine
    pledge: Pledge
    left: int


def givers_for(lines: Iterable[RequestLine], now: datetime) -> list[Giver]:
    """For each line the active pledges of its type or an alternative that can still promise, most left first.

    Lines come with `type`; their alternatives are read in one statement, pledges and balances in three.
    """
    lines = list(lines)
    accepted = {line.pk: {line.type_id, *(other.pk for other in line.alternatives.all())} for line in lines}
    types = set().union(*accepted.values()) if accepted else set()
    pledges = list(
        with_terms(
            Pledge.objects.filter(
                status=PledgeStatus.ACTIVE, window_ends_at__gt=now, supply__type_id__in=types
            ).select_related("supply__type")
        ).order_by("pk")
    )
    balances = balances_of_pledges(pledges)
    left = {}
    for pledge in pledges:
        terms = current_terms(pledge)
        room = headroom(balances[pledge.pk], terms.over_commit_percent)
        left[pledge.pk] = max(0, room - reserve(balances[pledge.pk], terms.reserve_percent))
    return [
        Giver(line, pledge, left[pledge.pk])
        for line in lines
        for pledge in sorted(pledges, key=lambda pledge: -left[pledge.pk])
        if pledge.supply.type_id in accepted[line.pk] and left[pledge.pk]
    ]


def burn_down(allocation: Allocation) -> list[tuple[date, int]]:
    """What was left at the end of each UTC day on which something moved, oldest first."""
    rows = (
        HoursDay.objects.filter(account__source__allocation=allocation, account__kind__in=LEFT)
        .values("day")
        .annotate(moved=Sum("quantity"))
        .order_by("day")
    )
    left, found = 0, []
    for row in rows:
        left += row["moved"]
        found.append((row["day"], left))
    return found


def lasts_until(history: list[tuple[date, int]], now: datetime) -> date | None:
    """The day on which the hours run out at the median pace of the last 14 days; None if nothing was used."""
    today = now.astimezone(UTC).date()
    used = dict.fromkeys((today - timedelta(days=n) for n in range(PACE_DAYS)), 0)
    for (_before, left), (day, left_then) in pairwise(history):
        if day in used:
            used[day] = max(0, left - left_then)
    pace = median(used.values())
    return today + timedelta(days=int(history[-1][1] // pace)) if pace > 0 else None
