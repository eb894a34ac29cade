"""Hours: what the golden numbers do not reach."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from compute.allocations import actions, queries
from compute.allocations.actions import HoldNeed
from compute.allocations.actions.post import Posting, lock, post
from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import Allocation, AllocationSource, HoursAccount, HoursDay, HoursTransaction
from compute.allocations.queries import balances_of_allocation, balances_of_pledge, proof
from compute.allocations.receivers import deposit_hours
from compute.allocations.rules import Declaration, plan_hold
from compute.capacity.models import Supply
from grants.funding.events import PledgeActivated
from grants.funding.models import ComputeTerms, Pledge
from institute.core.errors import Conflict, Exhausted, Refused
from institute.core.models import AuditEntry
from institute.core.outbox import Delivery, relay
from tests.factories.allocations import (
    allocation_from,
    allocation_with,
    clause,
    pledge_with_hours,
    project_with,
    source_of,
)
from tests.factories.capacity import ClusterFactory, accelerator_type, supply_of
from tests.factories.funding import active_pledge
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def hold(allocation: Allocation, quantity: int, *, job: str = "j", n: int = 0, **need: Any) -> list[actions.HeldPart]:
    return actions.hold_hours(
        allocation=allocation, job_id=job, n=n, need=HoldNeed(quantity, **need), by=TESTER, now=NOW
    )


def capture(quantity: int, slice_no: int = 0, *, job: str = "j", attempt: str = "a") -> actions.CaptureResult:
    return actions.capture_hours(
        job_id=job, attempt_id=attempt, slice_no=slice_no, quantity=quantity, happened_at=NOW, by=TESTER
    )


def release(*, job: str = "j", n: int = 0) -> list[actions.HeldPart]:
    return actions.release_hours(job_id=job, n=n, by=TESTER, now=NOW)


def lose(quantity: int, *, attempt: str = "a", fence: int = 1) -> actions.LossResult:
    return actions.loss_and_refund(attempt_id=attempt, fence=fence, quantity=quantity, by=TESTER)


def test_the_deposit_follows_activation_and_is_once_per_terms() -> None:
    pledge = active_pledge(now=NOW, hours=10)
    event = PledgeActivated(pledge_id=pledge.public_id, terms_version=1, type_slug="cpu-host", amount=36_000)
    for number in range(2):
        deposit_hours(event, Delivery(f"event-{number}", pledge.public_id, NOW, 1))
    assert balances_of_pledge(pledge).deposited == balances_of_pledge(pledge).unallocated == 36_000
    assert HoursTransaction.objects.get().happened_at == NOW
    assert AuditEntry.objects.filter(action="hours.deposit").latest("id").details == {"version": 1, "amount": 36_000}
    with pytest.raises(Conflict, match="other quantities"):
        actions.deposit_hours(pledge=pledge, terms_version=1, amount=1, by=TESTER)
    actions.deposit_hours(pledge=pledge, terms_version=2, amount=1, by=TESTER)
    assert balances_of_pledge(pledge).deposited == 36_001


def test_the_relay_delivers_an_activation_to_the_ledger() -> None:
    pledge = active_pledge(hours=10)
    relay()
    assert balances_of_pledge(pledge).unallocated == 36_000


def test_amounts_are_positive() -> None:
    allocation = allocation_with(seconds=100, now=NOW)
    pledge = Pledge.objects.get()
    with pytest.raises(Refused):
        actions.deposit_hours(pledge=pledge, terms_version=3, amount=0, by=TESTER)
    with pytest.raises(Refused):
        hold(allocation, 0)
    with pytest.raises(Refused):
        actions.capture_overhead(pledge=pledge, attempt_id="a", quantity=0, happened_at=NOW, by=TESTER)
    hold(allocation, 10)
    with pytest.raises(Refused):
        capture(-1)
    with pytest.raises(Refused):
        lose(-1)


def test_a_repeated_award_is_no_second_one_even_when_headroom_is_gone() -> None:
    pledge = pledge_with_hours(seconds=100, now=NOW)
    source = source_of(allocation_from((pledge, 40), now=NOW))
    for _n in range(2):
        actions.award_hours(source=source, cause="more", available=60, by=TESTER, now=NOW)
    assert balances_of_pledge(pledge).available == 100


def test_a_hold_is_repeated_with_the_same_parts_and_refused_with_others() -> None:
    allocation = allocation_with(seconds=100, now=NOW)
    first = hold(allocation, 60)
    assert hold(allocation, 60) == first
    with pytest.raises(Conflict):
        hold(allocation, 61)
    assert balances_of_allocation(allocation).held == 60
    assert AuditEntry.objects.filter(action__startswith="hours.hold").count() == 0


def test_a_hold_that_is_too_large_says_needed_usable_missing_and_the_way_out() -> None:
    allocation = allocation_with(seconds=10 * 3600, now=NOW)
    with pytest.raises(Exhausted) as caught:
        hold(allocation, 12 * 3600, type=accelerator_type())
    assert str(caught.value).startswith("Needs 12 Type cpu-host")
    assert "; 10 Type cpu-host" in str(caught.value)
    assert ", 2 Type cpu-host" in str(caught.value)
    assert "Ask for a supplement" in str(caught.value)
    assert balances_of_allocation(allocation).held == 0


def test_a_clause_alone_refuses_with_its_words() -> None:
    pledge = pledge_with_hours(seconds=100, now=NOW)
    clause(pledge, "open_licence", "Open, please.")
    allocation = allocation_from((pledge, 100), now=NOW)
    with pytest.raises(Refused, match=r"Open, please.*Declared: proprietary"):
        hold(allocation, 10, declaration=Declaration(licence="proprietary"))
    assert hold(allocation, 10, declaration=Declaration(licence="mit"))


def test_a_clause_beside_missing_hours_is_named_too() -> None:
    closed, small = pledge_with_hours(seconds=100, now=NOW, title="Closed"), pledge_with_hours(seconds=9, now=NOW)
    clause(closed, "open_licence", "Open, please.")
    named = r"are missing\. Closed: Clause 3 of pledge Closed: “Open, please\.” Declared: proprietary\. Ask"
    with pytest.raises(Exhausted, match=named):
        hold(allocation_from((closed, 100), (small, 9), now=NOW), 10, declaration=Declaration(licence="proprietary"))


def test_a_warning_comes_with_the_plan() -> None:
    pledge = pledge_with_hours(seconds=100, now=NOW)
    clause(pledge, "open_licence", "Open, please.", enforcement="warn")
    allocation = allocation_from((pledge, 100), now=NOW)
    need = HoldNeed(10, declaration=Declaration(licence="proprietary"))
    plan = plan_hold(allocation=allocation, need=need, now=NOW)
    assert plan.refusal is None
    assert [failing.declared for failing in plan.warnings] == ["proprietary"]
    assert plan.short == 0


def test_no_hold_may_run_past_the_end_of_the_pledge() -> None:
    pledge = pledge_with_hours(seconds=100, now=NOW)
    allocation = allocation_from((pledge, 100), now=NOW)
    with pytest.raises(Exhausted, match="past the end of the pledge"):
        hold(allocation, 10, wall_ends_at=pledge.window_ends_at + timedelta(seconds=1))
    assert hold(allocation, 10, wall_ends_at=pledge.window_ends_at)


def preemptible(pledge: Pledge) -> Pledge:
    Supply.objects.filter(pledge=pledge).update(service_class="preemptible")
    return pledge


def test_preemptible_hours_are_for_jobs_that_can_be_interrupted() -> None:
    allocation = allocation_from((preemptible(pledge_with_hours(seconds=100, now=NOW)), 100), now=NOW)
    with pytest.raises(Exhausted, match="cannot be interrupted"):
        hold(allocation, 10)
    assert hold(allocation, 10, is_interruptible=True)


def test_a_hold_never_mixes_providers_types_or_classes() -> None:
    one, two = pledge_with_hours(seconds=100, now=NOW), pledge_with_hours(seconds=200, now=NOW)
    allocation = allocation_from((one, 100), (two, 200), now=NOW)
    with pytest.raises(Exhausted):
        hold(allocation, 250)
    assert [part.quantity for part in hold(allocation, 150)] == [150]
    cluster = one.supply.clusters.get()
    alike = preemptible(pledge_with_hours(seconds=100, now=NOW, cluster=cluster))
    mixed = allocation_from((alike, 100), (pledge_with_hours(seconds=100, now=NOW, cluster=cluster), 100), now=NOW)
    with pytest.raises(Exhausted):
        hold(mixed, 150, job="k", is_interruptible=True)


def test_a_need_names_the_type_that_pays() -> None:
    tpu = ClusterFactory.create(type=accelerator_type("tpu-v4"))
    one, two = pledge_with_hours(seconds=100, now=NOW), pledge_with_hours(seconds=100, now=NOW, cluster=tpu)
    allocation = allocation_from((one, 100), (two, 100), now=NOW)
    assert hold(allocation, 10, type=tpu.type)[0].source.pledge == two


def test_a_top_up_comes_from_where_the_job_already_holds() -> None:
    one, two = pledge_with_hours(seconds=100, now=NOW), pledge_with_hours(seconds=200, now=NOW)
    allocation = allocation_from((one, 100), (two, 200), now=NOW)
    AllocationSource.objects.filter(pledge=one).update(draw_rank=1)
    hold(allocation, 60)
    with pytest.raises(Exhausted):
        hold(allocation, 60, n=1)
    assert hold(allocation, 40, n=1)[0].source.pledge == one
    assert queries.held_of_job("j") == 100
    assert queries.pledges_holding_for_job("j") == [(one, 100)]


def test_a_release_gives_back_once_and_never_refuses() -> None:
    allocation = allocation_with(seconds=100, now=NOW)
    assert release() == []
    hold(allocation, 60)
    capture(20)
    first = release()
    assert [part.quantity for part in first] == [40]
    assert release() == first
    assert release(n=1) == []
    assert balances_of_allocation(allocation).available == 80


def test_a_slice_is_charged_once_and_never_with_another_quantity() -> None:
    allocation = allocation_with(seconds=100, now=NOW)
    hold(allocation, 60)
    assert capture(20) == capture(20)
    with pytest.raises(Conflict):
        capture(21)
    with pytest.raises(Conflict):
        capture(0)
    assert capture(0, 5) == actions.CaptureResult()
    assert balances_of_allocation(allocation).spent == 20


def test_a_job_that_never_held_cannot_be_charged() -> None:
    with pytest.raises(Conflict, match="never held"):
        capture(20)


def test_overrun_goes_through_all_available_hours_of_the_job_first() -> None:
    one = pledge_with_hours(seconds=1000, now=NOW)
    two = pledge_with_hours(seconds=1000, now=NOW, cluster=one.supply.clusters.get())
    allocation = allocation_from((one, 100), (two, 200), now=NOW)
    hold(allocation, 150)
    result = capture(400)
    assert result.overrun_seconds == 250
    assert [part.quantity for part in result.parts] == [100, 300]
    assert (balances_of_pledge(one).unallocated, balances_of_pledge(two).unallocated) == (900, 700)
    assert balances_of_allocation(allocation).available == 0
    assert proof(datetime.now(UTC)) == []


def test_overhead_is_booked_once() -> None:
    pledge = pledge_with_hours(seconds=100, now=NOW)
    for _n in range(2):
        actions.capture_overhead(pledge=pledge, attempt_id="a", quantity=30, happened_at=NOW, by=TESTER)
    with pytest.raises(Conflict):
        actions.capture_overhead(pledge=pledge, attempt_id="a", quantity=31, happened_at=NOW, by=TESTER)
    balances = balances_of_pledge(pledge)
    assert (balances.overhead, balances.unallocated, balances.consumed) == (30, 70, 30)
    assert balances.physically_left == 70


def test_a_refund_is_at_most_what_was_captured_and_once_per_fence() -> None:
    allocation = allocation_from((pledge_with_hours(seconds=1000, now=NOW), 100), now=NOW)
    hold(allocation, 60)
    capture(50)
    first = lose(80)
    assert (first.lost_seconds, first.refunded_seconds) == (50, 50)
    assert lose(80) == first
    with pytest.raises(Conflict):
        lose(40)
    assert lose(10, fence=2) == actions.LossResult([])
    assert lose(10, attempt="unknown") == actions.LossResult([])
    assert queries.captured_of_attempts(["a", "b"]) == {"a": 50}
    assert queries.captured_of_attempts(["b"]) == {}
    assert queries.payers_of_job("j") == []


def test_a_refund_without_headroom_is_owed() -> None:
    allocation = allocation_with(seconds=100, now=NOW)
    hold(allocation, 60)
    capture(50)
    loss = lose(50)
    assert (loss.lost_seconds, loss.refunded_seconds, loss.owed_seconds) == (50, 0, 50)
    assert lose(50) == loss
    assert HoursTransaction.objects.filter(kind=HoursKind.REFUND).count() == 0


def test_a_floor_is_kept_even_by_a_wrong_caller() -> None:
    source = source_of(allocation_with(seconds=100, now=NOW))
    accounts = lock(pledge_ids=[source.pledge_id], source_ids=[source.pk])
    moves = {
        accounts.of_source(source.pk, AccountKind.AVAILABLE).pk: -101,
        accounts.of_source(source.pk, AccountKind.HELD).pk: 101,
    }
    with pytest.raises(Exhausted, match="Not enough hours"):
        post(Posting(HoursKind.HOLD, source.pledge_id, "hold:x", moves, NOW), by=TESTER)


def test_days_are_utc_days_of_when_it_happened() -> None:
    source = source_of(allocation_with(seconds=100, now=NOW))
    hold(source.allocation, 50)
    for number, instant in enumerate(
        ["2026-03-15T23:59:59+00:00", "2026-03-16T00:30:00+02:00", "2026-03-16T00:00:00+00:00"]
    ):
        actions.capture_hours(
            job_id="j",
            attempt_id="a",
            slice_no=number,
            quantity=10,
            happened_at=datetime.fromisoformat(instant),
            by=TESTER,
        )
    days = HoursDay.objects.filter(account__source=source, account__kind="spent").order_by("day")
    assert list(days.values_list("day", "quantity")) == [(date(2026, 3, 15), 20), (date(2026, 3, 16), 10)]


def test_the_burn_down_starts_empty_and_follows_the_days() -> None:
    allocation = allocation_from((pledge_with_hours(seconds=1000, now=NOW), 100), now=NOW)
    hold(allocation, 60)
    for day in range(3):
        at = NOW + timedelta(days=day)
        actions.capture_hours(job_id="j", attempt_id="a", slice_no=day, quantity=10, happened_at=at, by=TESTER)
    history = queries.burn_down(allocation)
    assert history == [(date(2026, 3, 15), 90), (date(2026, 3, 16), 80), (date(2026, 3, 17), 70)]
    other = allocation_with(seconds=5, now=NOW)
    HoursAccount.objects.filter(source__allocation=other)
    assert queries.burn_down(other) == [(date(2026, 3, 15), 5)]


def test_hours_last_at_the_median_pace_of_two_weeks() -> None:
    days = [(date(2026, 3, 1) + timedelta(days=n), 1000 - 10 * n) for n in range(15)]
    assert queries.lasts_until(days, NOW.replace(day=15)) == date(2026, 3, 15) + timedelta(days=86)
    assert queries.lasts_until(days[:2], NOW.replace(day=15)) is None
    assert queries.lasts_until(days, NOW.replace(month=8)) is None


def test_a_forged_balance_day_or_missing_deposit_turns_the_proof_red() -> None:
    pledge = pledge_with_hours(seconds=100, now=NOW)
    assert proof(datetime.now(UTC)) == []
    overhead = HoursAccount.objects.filter(pledge=pledge, kind="overhead")
    overhead.update(balance=5)
    assert [finding.check for finding in proof(NOW)] == ["pledge_sum", "balance"]
    overhead.update(balance=0)
    HoursDay.objects.filter(account__pledge=pledge, account__kind="pledged").update(quantity=-99)
    found = proof(NOW)
    assert [finding.check for finding in found] == ["day"]
    assert found[0].figures == "day -99, lines -100"
    HoursDay.objects.filter(account__kind="pledged").update(quantity=-100)
    silent = active_pledge(now=NOW)
    assert [finding.subject for finding in proof(NOW + timedelta(minutes=16))] == [silent.public_id]
    assert proof(NOW) == []


def test_balances_of_a_pledge_without_hours_are_zero() -> None:
    pledge = active_pledge(now=NOW)
    assert balances_of_pledge(pledge) == queries.PledgeBalances()
    assert queries.headroom_of(pledge) == 0
    assert list(queries.transactions_of_pledge(pledge)) == []


def test_sums_of_a_pledges_balances() -> None:
    names = ("unallocated", "overhead", "available", "deferred", "held", "spent", "lost")
    balances = queries.PledgeBalances(**{name: 10**place for place, name in enumerate(names)})
    assert balances.promised == 10**2 + 10**3 + 10**4
    assert balances.consumed == 10**1 + 10**5 + 10**6
    assert balances.physically_left == 10**0 + 10**2 + 10**3


def test_headroom_follows_over_commitment() -> None:
    pledge = pledge_with_hours(seconds=1001, now=NOW, terms={"over_commit_percent": 150, "reserve_percent": 3})
    assert queries.headroom_of(pledge) == 1001 + 500 - 31
    assert ComputeTerms.objects.filter(pledge=pledge).count() == 2


def test_a_pledge_of_two_projects_pays_each_from_its_own_source() -> None:
    pledge = pledge_with_hours(seconds=100, now=NOW)
    first = allocation_from((pledge, 50), project=project_with(now=NOW), now=NOW)
    second = allocation_from((pledge, 50), project=project_with(now=NOW), now=NOW)
    with pytest.raises(Exhausted):
        hold(first, 51)
    hold(first, 50)
    assert balances_of_allocation(second).available == 50


@override_settings(FAULT_POINTS="")
def test_supply_is_asked_only_for_what_it_gives() -> None:
    pledge = active_pledge(now=NOW)
    assert supply_of(pledge).type.slug == "cpu-host"
