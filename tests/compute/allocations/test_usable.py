"""What may be held now, and every reason why nothing may."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compute.allocations import actions
from compute.allocations.actions import HoldNeed
from compute.allocations.enums import AllocationStatus, UnusableReason
from compute.allocations.models import Allocation, AllocationSource
from compute.allocations.queries import (
    Usable,
    balances_of_allocation,
    month_of,
    usable,
    usable_of,
    usable_of_allocation,
    with_usable,
)
from compute.allocations.rules import standing_of
from compute.capacity.actions import set_cluster_status, set_provider_status
from compute.capacity.enums import ClusterStatus, ProviderStatus
from grants.funding.actions import close_pledge, suspend_pledge, withdraw_pledge
from grants.funding.models import Obligation, Pledge
from institute.core.errors import Exhausted
from tests.factories.allocations import allocation_from, clause, pledge_with_hours, source_of
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def pledge() -> Pledge:
    return pledge_with_hours(seconds=10_000, now=NOW, terms={"notice_days": 0})


@pytest.fixture
def source(pledge: Pledge) -> AllocationSource:
    return source_of(allocation_from((pledge, 4_000), now=NOW))


def hold(allocation: Allocation, quantity: int, *, job: str = "j", now: datetime = NOW) -> None:
    actions.hold_hours(allocation=allocation, job_id=job, n=0, need=HoldNeed(quantity), by=TESTER, now=now)


def test_everything_available_is_usable(source: AllocationSource) -> None:
    assert usable(source, NOW) == Usable(4_000)


def overdue(source: AllocationSource) -> None:
    Obligation.objects.create(
        pledge=source.pledge,
        subject=source.allocation.project.public_id,
        kind="publication",
        due_on=(NOW - timedelta(days=32)).date(),
    )


BREAKS: dict[str, Callable[[AllocationSource], Any]] = {
    "allocation_frozen": lambda s: actions.freeze_allocation(allocation=s.allocation, reason="audit", by=TESTER),
    "pledge_suspended": lambda s: suspend_pledge(pledge=s.pledge, by=TESTER, reason="audit"),
    "pledge_withdrawn": lambda s: withdraw_pledge(
        pledge=s.pledge, effective_at=datetime(2099, 1, 1, tzinfo=UTC), reason="sold", by=TESTER
    ),
    "pledge_ended": lambda s: close_pledge(pledge=s.pledge, by=TESTER, reason="done"),
    "ended": lambda s: actions.close_allocation(allocation=s.allocation, reason="done", by=TESTER),
    "source_locked": lambda s: actions.lock_source(source=s, reason="audit", by=TESTER),
    "obligation_overdue": overdue,
    "cluster_down": lambda s: set_cluster_status(
        cluster=s.pledge.supply.clusters.get(), status=ClusterStatus.DRAINING, by=TESTER, reason="disks"
    ),
    "nothing_left": lambda s: hold(s.allocation, 4_000),
}


@pytest.mark.parametrize("reason", BREAKS)
def test_nothing_is_usable_with_its_reason(source: AllocationSource, reason: str) -> None:
    BREAKS[reason](source)
    assert usable(source, NOW) == Usable(0, UnusableReason(reason))


def test_a_paused_provider_takes_its_clusters_down(source: AllocationSource) -> None:
    provider = source.pledge.supply.provider
    set_provider_status(provider=provider, status=ProviderStatus.PAUSED, reason="bills", by=TESTER)
    assert usable(source, NOW).reason == UnusableReason.CLUSTER_DOWN


def test_an_obligation_within_thirty_days_still_lets_hours_be_held(source: AllocationSource) -> None:
    overdue(source)
    Obligation.objects.update(due_on=(NOW - timedelta(days=30)).date())
    assert usable(source, NOW).reason is None


def test_an_overdue_obligation_of_another_project_or_pledge_locks_nothing_here(source: AllocationSource) -> None:
    overdue(source_of(allocation_from((source.pledge, 100), now=NOW)))
    elsewhere = allocation_from(
        (pledge_with_hours(seconds=100, now=NOW), 100), project=source.allocation.project, now=NOW
    )
    overdue(source_of(elsewhere))
    assert usable(source, NOW) == Usable(4_000)
    assert usable(source_of(elsewhere), NOW).reason == UnusableReason.OBLIGATION_OVERDUE


@pytest.mark.parametrize(("days", "reason"), [(-1, "not_started"), (300, "ended"), (299, None)])
def test_the_window_is_half_open(source: AllocationSource, days: int, reason: str | None) -> None:
    assert usable(source, NOW + timedelta(days=days)).reason == reason


def test_full_before_the_end_and_nothing_from_it_on_though_no_job_ran(source: AllocationSource) -> None:
    end = source.ends_at
    assert usable(source, end - timedelta(seconds=1)) == Usable(4_000)
    assert usable(source, end) == Usable(0, UnusableReason.ENDED)
    with pytest.raises(Exhausted):
        hold(source.allocation, 1, now=end)


def test_the_pledges_end_ends_its_sources(pledge: Pledge, source: AllocationSource) -> None:
    AllocationSource.objects.update(ends_at=NOW + timedelta(days=4000))
    Allocation.objects.update(ends_at=NOW + timedelta(days=4000))
    assert usable(source, pledge.window_ends_at).reason == UnusableReason.PLEDGE_ENDED


def test_a_pledge_that_is_not_active_yet_has_not_started(source: AllocationSource, pledge: Pledge) -> None:
    Pledge.objects.update(status="accepted")
    assert usable(source, NOW).reason == UnusableReason.NOT_STARTED


def test_a_clause_that_the_project_fails_shows_on_its_standing(source: AllocationSource, pledge: Pledge) -> None:
    clause(pledge, "data_class", "No personal data.", parameter={"at_most": "public"})
    project = source.allocation.project
    actions.change_project(project=project, changes={"data_class": "personal"}, by=TESTER)
    standing = standing_of(Allocation.objects.get(), NOW)[0]
    assert standing.usable == Usable(0, UnusableReason.CLAUSE)
    assert str(standing.failing[0]) == "Clause 3 of pledge Hosts 2026: “No personal data.” Declared: personal."


def test_the_months_cap_counts_captures_and_open_holds() -> None:
    pledge = pledge_with_hours(seconds=100_000, now=NOW, terms={"monthly_cap": 1_000})
    allocation = allocation_from((pledge, 50_000), now=NOW)
    source = source_of(allocation)
    assert usable(source, NOW) == Usable(1_000)
    hold(allocation, 600)
    assert usable(source, NOW) == Usable(400)
    actions.capture_hours(job_id="j", attempt_id="a", slice_no=0, quantity=500, happened_at=NOW, by=TESTER)
    actions.release_hours(job_id="j", n=0, by=TESTER, now=NOW)
    assert usable(source, NOW) == Usable(500)
    actions.loss_and_refund(attempt_id="a", fence=1, quantity=100, by=TESTER, now=NOW)
    assert usable(source, NOW) == Usable(500)
    hold(allocation, 500, job="k")
    assert usable(source, NOW) == Usable(0, UnusableReason.CAP_REACHED)
    actions.release_hours(job_id="k", n=0, by=TESTER, now=NOW)
    assert usable(source, datetime(2026, 4, 1, tzinfo=UTC)) == Usable(1_000)


def test_over_commit_is_limited_to_what_is_physically_left() -> None:
    """Example H of the design: 1,000 h at 1.25, awards of 700 and 550; once 700 are spent 300 are left."""
    hour = 3600
    pledge = pledge_with_hours(seconds=1_000 * hour, now=NOW, terms={"over_commit_percent": 125})
    first = allocation_from((pledge, 700 * hour), now=NOW)
    second = allocation_from((pledge, 550 * hour), now=NOW)
    with pytest.raises(Exhausted, match="can promise 0"):
        allocation_from((pledge, 1 * hour), now=NOW)
    hold(first, 700 * hour)
    actions.capture_hours(job_id="j", attempt_id="a", slice_no=0, quantity=700 * hour, happened_at=NOW, by=TESTER)
    assert usable(source_of(second), NOW) == Usable(300 * hour)
    with pytest.raises(Exhausted, match=r"Needs 400 .*; 300 .* can be used now, 100 .* are missing"):
        hold(second, 400 * hour, job="k")


def test_a_negative_unallocated_balance_limits_to_what_is_left(pledge: Pledge) -> None:
    allocation = allocation_from((pledge, 6_000), now=NOW)
    other = allocation_from((pledge, 4_000), now=NOW)
    hold(allocation, 6_000)
    actions.capture_hours(job_id="j", attempt_id="a", slice_no=0, quantity=7_000, happened_at=NOW, by=TESTER)
    assert usable(source_of(other), NOW) == Usable(3_000)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), (2026, 12, 1), (2027, 1, 1)),
        (datetime(2028, 2, 29, tzinfo=UTC), (2028, 2, 1), (2028, 3, 1)),
        (datetime(2026, 2, 28, 23, 30, tzinfo=UTC).astimezone(), (2026, 2, 1), (2026, 3, 1)),
    ],
)
def test_months_are_utc(now: datetime, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert month_of(now) == (datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))


def test_usable_of_a_whole_project_is_one_statement(pledge: Pledge) -> None:
    for _n in range(3):
        allocation_from((pledge, 1_000), now=NOW)
    with CaptureQueriesContext(connection) as captured:
        rows = [usable_of(source) for source in with_usable(AllocationSource.objects.all(), NOW)]
    assert (len(captured), len(rows)) == (1, 3)


def test_draw_order_is_rank_then_end_then_clauses(pledge: Pledge) -> None:
    cluster = pledge.supply.clusters.get()
    later = pledge_with_hours(seconds=100, now=NOW, cluster=cluster, window_ends_at=NOW + timedelta(days=200))
    sooner = pledge_with_hours(seconds=100, now=NOW, cluster=cluster, window_ends_at=NOW + timedelta(days=100))
    bound = pledge_with_hours(seconds=100, now=NOW, cluster=cluster, window_ends_at=NOW + timedelta(days=200))
    clause(bound, "non_commercial", "No commerce.")
    allocation = allocation_from((pledge, 100), (later, 100), (bound, 100), (sooner, 100), now=NOW)
    AllocationSource.objects.filter(pledge=pledge).update(draw_rank=1)
    order = [source.pledge for source, _usable in usable_of_allocation(allocation, NOW)]
    assert order == [pledge, sooner, bound, later]


def test_an_allocation_without_movements_has_balances_of_zero(source: AllocationSource) -> None:
    assert balances_of_allocation(source.allocation).awarded == 4_000
    assert source.allocation.status == AllocationStatus.ACTIVE
