"""The golden numbers of ALLOCATION section 8 that exist so far: examples A, C and D; B by its figures."""

from datetime import UTC, datetime, timedelta

import pytest

from compute.allocations import actions
from compute.allocations.actions import HoldNeed
from compute.allocations.enums import HoursKind
from compute.allocations.models import Allocation, AllocationSource, HoursTransaction
from compute.allocations.queries import balances_of_pledge, held_of_job, payers_of_job, proof, usable_of_allocation
from compute.capacity.models import Cluster
from grants.funding.models import Pledge
from tests.compute.allocations.books import of_pledge, of_source
from tests.factories.allocations import allocation_from, allocation_with, pledge_with_hours, project_with, source_of
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def hold(allocation: Allocation, quantity: int, *, job: str = "job", n: int = 0) -> list[actions.HeldPart]:
    return actions.hold_hours(allocation=allocation, job_id=job, n=n, need=HoldNeed(quantity), by=TESTER, now=NOW)


def capture(quantity: int, slice_no: int = 0, *, job: str = "job", attempt: str = "attempt") -> actions.CaptureResult:
    return actions.capture_hours(
        job_id=job, attempt_id=attempt, slice_no=slice_no, quantity=quantity, happened_at=TEN, by=TESTER
    )


def lose(quantity: int, *, attempt: str = "attempt", fence: int = 1) -> actions.LossResult:
    return actions.loss_and_refund(attempt_id=attempt, fence=fence, quantity=quantity, by=TESTER, now=TEN)


class ExampleA:
    """10,000 chip-h, reserve 2 %: S1 is awarded 18,000,000 in halves, S2 7,200,000."""

    def __init__(self) -> None:
        self.pledge = pledge_with_hours(seconds=36_000_000, now=NOW, terms={"reserve_percent": 2})
        self.allocation = allocation_from((self.pledge, 1), now=NOW)
        self.source = source_of(self.allocation)
        other = source_of(allocation_from((self.pledge, 1), now=NOW))
        self.award(self.source, available=8_999_999, deferred=9_000_000)
        self.award(other, available=7_199_999)

    def award(self, source: AllocationSource, **amounts: int) -> None:
        actions.award_hours(source=source, cause=f"rest-{source.pk}", by=TESTER, now=NOW, **amounts)

    def figures(self) -> dict[str, int]:
        source, pledge = of_source(self.source), of_pledge(self.pledge)
        return source | {kind: pledge[kind] for kind in ("unallocated", "overhead")}


def test_example_a_to_the_second() -> None:
    a = ExampleA()
    assert a.figures() == {
        "available": 9_000_000,
        "deferred": 9_000_000,
        "held": 0,
        "spent": 0,
        "lost": 0,
        "unallocated": 10_800_000,
        "overhead": 0,
    }
    hold(a.allocation, 32 * 10 * 3600 * 2)
    assert (a.figures()["available"], a.figures()["held"]) == (6_696_000, 2_304_000)

    actions.capture_overhead(pledge=a.pledge, attempt_id="attempt-1", quantity=2_880, happened_at=TEN, by=TESTER)
    assert (a.figures()["unallocated"], a.figures()["overhead"]) == (10_797_120, 2_880)

    for number, quantity in enumerate([5_760, *[9_600] * 41, 3_840]):
        capture(quantity, number, attempt="attempt-1")
    assert (a.figures()["held"], a.figures()["spent"]) == (1_900_800, 403_200)

    assert lose(61_440, attempt="attempt-1").owed_seconds == 0
    assert a.figures()["available"] == 6_757_440
    assert (a.figures()["spent"], a.figures()["lost"], a.figures()["unallocated"]) == (341_760, 61_440, 10_735_680)

    for number in range(78):
        capture(9_600, number, attempt="attempt-2")
    assert (a.figures()["held"], a.figures()["spent"]) == (1_152_000, 1_090_560)

    actions.release_hours(job_id="job", n=0, by=TESTER, now=TEN)
    assert (a.figures()["available"], a.figures()["held"]) == (7_909_440, 0)

    assert sum(of_source(a.source).values()) == 18_061_440
    balances = balances_of_pledge(a.pledge)
    assert balances.consumed == 1_154_880
    assert balances.promised + balances.consumed + balances.unallocated == 36_000_000
    assert proof(datetime.now(UTC)) == []


def test_example_b_refund_stops_at_headroom_and_the_rest_is_owed() -> None:
    allocation = allocation_from((pledge_with_hours(seconds=1_100_000, now=NOW), 1_000_000), now=NOW)
    source = source_of(allocation)
    hold(allocation, 748_800)
    capture(748_800)
    loss = lose(460_800)
    assert (loss.lost_seconds, loss.refunded_seconds, loss.owed_seconds) == (460_800, 100_000, 360_800)
    assert of_source(source)["spent"] == 288_000


class ExampleC:
    """Two sources, 100,000 (ends first) and 300,000."""

    def __init__(self) -> None:
        self.first_pledge = pledge_with_hours(seconds=200_000, now=NOW, window_ends_at=NOW + timedelta(days=90))
        self.second_pledge = pledge_with_hours(seconds=400_000, now=NOW, cluster=cluster_of(self.first_pledge))
        self.allocation = allocation_from((self.second_pledge, 300_000), (self.first_pledge, 100_000), now=NOW)
        self.first = source_of(self.allocation, self.first_pledge)
        self.second = source_of(self.allocation, self.second_pledge)


def cluster_of(pledge: Pledge) -> Cluster:
    return pledge.supply.clusters.get()


def quantities(parts: list[actions.HeldPart]) -> list[tuple[int, int]]:
    return [(part.source.pk, part.quantity) for part in parts]


def test_example_c_two_sources() -> None:
    c = ExampleC()
    assert quantities(hold(c.allocation, 250_000)) == [(c.first.pk, 100_000), (c.second.pk, 150_000)]
    paid = capture(180_000)
    assert [(part.pledge_id, part.quantity) for part in paid.parts] == [
        (c.first_pledge.pk, 100_000),
        (c.second_pledge.pk, 80_000),
    ]
    released = actions.release_hours(job_id="job", n=0, by=TESTER, now=TEN)
    assert quantities(released) == [(c.second.pk, 70_000)]
    refund = lose(50_000)
    assert [(part.pledge_id, part.refunded) for part in refund.parts] == [(c.second_pledge.pk, 50_000)]
    assert payers_of_job("job") == [(c.first_pledge, 100_000), (c.second_pledge, 30_000)]
    assert held_of_job("job") == 0


def test_example_c_one_locked_giver_is_no_lack_of_funds() -> None:
    c = ExampleC()
    actions.lock_source(source=c.first, reason="under audit", by=TESTER)
    assert sum(usable.seconds for _source, usable in usable_of_allocation(c.allocation, NOW)) == 300_000
    assert quantities(hold(c.allocation, 250_000)) == [(c.second.pk, 250_000)]


def test_example_d_overrun_takes_available_then_unallocated() -> None:
    pledge = pledge_with_hours(seconds=122_200, now=NOW)
    allocation = allocation_from((pledge, 120_200), now=NOW)
    hold(allocation, 16 * 2 * 3600)
    assert of_source(source_of(allocation))["available"] == 5_000
    capture(115_200, 0)
    result = capture(9_600, 1)
    assert result.overrun_seconds == 9_600
    assert of_source(source_of(allocation)) == {
        "available": 0,
        "deferred": 0,
        "held": 0,
        "spent": 124_800,
        "lost": 0,
    }
    assert of_pledge(pledge)["unallocated"] == -2_600
    assert capture(9_600, 1) == result


def test_example_d_in_one_slice() -> None:
    pledge = pledge_with_hours(seconds=122_200, now=NOW)
    allocation = allocation_from((pledge, 120_200), now=NOW)
    hold(allocation, 115_200)
    result = capture(124_800)
    assert result.overrun_seconds == 9_600
    assert capture(124_800) == result
    assert HoursTransaction.objects.filter(kind=HoursKind.CAPTURE).count() == 1


def test_two_allocations_of_one_type_add_up() -> None:
    project = project_with(now=NOW)
    for seconds in (100, 200):
        allocation_with(seconds=seconds, project=project, now=NOW)
    total = sum(
        usable.seconds
        for allocation in project.allocations.all()
        for _source, usable in usable_of_allocation(allocation, NOW)
    )
    assert total == 300
