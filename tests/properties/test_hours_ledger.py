"""Random histories of the hours ledger on PostgreSQL against a model of plain integers.

Whatever is deposited, awarded, held, captured (again, late, out of order), released, lost, locked or frozen: each
pledge sums to zero, balances equal the model and their lines, floors hold, and a repetition changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from compute.allocations import actions
from compute.allocations.actions import HoldNeed
from compute.allocations.models import Allocation, AllocationSource, HoursAccount, HoursTransaction
from compute.allocations.queries import balances_of_pledge, parts_of_job, proof, usable_of_allocation
from grants.funding.models import Pledge
from institute.core.errors import Conflict, Exhausted
from tests.factories.allocations import allocation_from, pledge_with_hours, project_with
from tests.factories.people import TESTER

START = datetime(2028, 2, 28, 12, tzinfo=UTC)
DEPOSIT = 4_000
SOURCE_KINDS = ("available", "held", "spent", "lost")
# Small against what a job asks for, so that most holds and captures are split between two givers.
FIRST_AWARDS = (300, 500), (400, 250)
AMOUNTS = st.integers(100, 800)
STEPS = st.sampled_from([timedelta(0), timedelta(minutes=5), timedelta(hours=7), timedelta(days=1)])


@dataclass
class Books:
    """The model: integers by place."""

    unallocated: dict[int, int] = field(default_factory=dict)
    overhead: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    source: dict[int, dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: dict.fromkeys(SOURCE_KINDS, 0))
    )
    held: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    captured: dict[str, list[list[int]]] = field(default_factory=lambda: defaultdict(list))

    def move(self, source: int, start: str, end: str, quantity: int) -> None:
        self.source[source][start] -= quantity
        self.source[source][end] += quantity


class HoursLedger(RuleBasedStateMachine):
    """Two pledges on one cluster, two allocations that draw on both, a few jobs."""

    jobs = Bundle("jobs")
    slices = Bundle("slices")
    NAMES: ClassVar = iter(range(10**9))

    @initialize()
    def open_books(self) -> None:
        self.now = START
        self.books = Books()
        first = pledge_with_hours(seconds=DEPOSIT, now=START)
        second = pledge_with_hours(seconds=DEPOSIT, now=START, cluster=first.supply.clusters.get())
        self.pledges: list[Pledge] = [first, second]
        self.books.unallocated = {pledge.pk: DEPOSIT for pledge in self.pledges}
        project = project_with(now=START)
        self.allocations = [
            self._award(
                allocation_from((first, FIRST_AWARDS[0][0]), (second, FIRST_AWARDS[0][1]), project=project, now=START)
            ),
            self._award(
                allocation_from((second, FIRST_AWARDS[1][0]), (first, FIRST_AWARDS[1][1]), project=project, now=START)
            ),
        ]
        self.owner: dict[str, Allocation] = {}
        self.releases: dict[str, int] = defaultdict(int)
        self.top_ups: dict[str, int] = defaultdict(int)
        self.consumed = 0

    def _award(self, allocation: Allocation) -> Allocation:
        for source in allocation.sources.all():
            account = HoursAccount.objects.get(source=source, kind="available")
            self.books.source[source.pk]["available"] = account.balance
            self.books.unallocated[source.pledge_id] -= account.balance
        return allocation

    def _source(self, pk: int) -> AllocationSource:
        return AllocationSource.objects.get(pk=pk)

    def _usable(self, allocation: Allocation) -> list[tuple[int, int]]:
        return [(source.pk, usable.seconds) for source, usable in usable_of_allocation(allocation, self.now)]

    @rule(step=STEPS)
    def time_passes(self, step: timedelta) -> None:
        self.now += step

    @rule(which=st.integers(0, 1), index=st.integers(0, 1), amount=AMOUNTS)
    def award_more(self, which: int, index: int, amount: int) -> None:
        source = self.allocations[which].sources.order_by("id")[index]
        cause = f"more-{next(self.NAMES)}"

        def award() -> Any:
            return actions.award_hours(source=source, cause=cause, available=amount, by=TESTER, now=self.now)

        if amount > self.books.unallocated[source.pledge_id]:
            self._refused(award)
            return
        self._twice(award)
        self.books.unallocated[source.pledge_id] -= amount
        self.books.source[source.pk]["available"] += amount

    @rule(target=jobs, which=st.integers(0, 1), amount=AMOUNTS)
    def submit(self, which: int, amount: int) -> str:
        job = f"job-{next(self.NAMES)}"
        self.owner[job] = self.allocations[which]
        self._hold(job, 0, amount)
        return job

    @rule(job=jobs, amount=AMOUNTS)
    def top_up(self, job: str, amount: int) -> None:
        self.top_ups[job] += 1
        self._hold(job, self.top_ups[job], amount)

    def _hold(self, job: str, n: int, amount: int) -> None:
        allocation = self.owner[job]

        def hold() -> Any:
            need = HoldNeed(amount)
            return actions.hold_hours(allocation=allocation, job_id=job, n=n, need=need, by=TESTER, now=self.now)

        usable = self._usable(allocation)
        if amount > sum(seconds for _pk, seconds in usable):
            self._refused(hold)
            return
        self._twice(hold)
        for pk, seconds in usable:
            share = min(amount, seconds)
            amount -= share
            if share:
                self.books.move(pk, "available", "held", share)
                self.books.held[job][pk] = self.books.held[job].get(pk, 0) + share

    @rule(target=slices, job=jobs, slice_no=st.integers(0, 20), amount=st.integers(0, 700))
    def capture(self, job: str, slice_no: int, amount: int) -> tuple[str, int, int]:
        def charge(quantity: int = amount) -> Any:
            return actions.capture_hours(
                job_id=job, attempt_id=f"{job}-a", slice_no=slice_no, quantity=quantity, happened_at=self.now, by=TESTER
            )

        if HoursTransaction.objects.filter(idempotency_key__startswith=f"capture:{job}-a:{slice_no}:").exists():
            with pytest.raises(Conflict), transaction.atomic():
                charge(10**9)
            return job, slice_no, -1
        if not self.books.held[job]:
            if amount:
                with pytest.raises(Conflict), transaction.atomic():
                    charge()
            return job, slice_no, -1
        self._twice(charge)
        self._charge(job, amount)
        return job, slice_no, amount

    def _charge(self, job: str, amount: int) -> None:
        taken: dict[int, int] = defaultdict(int)
        for place in ("held", "available"):
            for pk in self.books.held[job]:
                there = self.books.held[job][pk] if place == "held" else self.books.source[pk]["available"]
                share = min(amount, there)
                self.books.move(pk, place, "spent", share)
                if place == "held":
                    self.books.held[job][pk] -= share
                taken[pk] += share
                amount -= share
        last = list(self.books.held[job])[-1]
        self.books.unallocated[self._source(last).pledge_id] -= amount
        self.books.source[last]["spent"] += amount
        taken[last] += amount
        for pk, share in taken.items():
            if share:
                self._note_capture(job, pk, share)

    def _note_capture(self, job: str, pk: int, share: int) -> None:
        """The order of the latest capture by source is what refunds go back along."""
        known = self.books.captured[job]
        before = next((entry for entry in known if entry[0] == pk), [pk, 0])
        if before in known:
            known.remove(before)
        known.append([pk, before[1] + share])

    @rule(target=jobs, which=st.integers(0, 1), amount=AMOUNTS, used=st.integers(1, 900), claim=st.integers(0, 600))
    def run_and_fail(self, which: int, amount: int, used: int, claim: int) -> str:
        """A whole short life, so that histories are rich in captures and losses."""
        job = self.submit(which, amount)
        self.capture(job, 21, used)
        self.lose(job, claim)
        return job

    @rule(entry=slices)
    def capture_again(self, entry: tuple[str, int, int]) -> None:
        job, slice_no, amount = entry
        if amount <= 0:
            return
        count = HoursTransaction.objects.count()
        actions.capture_hours(
            job_id=job, attempt_id=f"{job}-a", slice_no=slice_no, quantity=amount, happened_at=self.now, by=TESTER
        )
        assert HoursTransaction.objects.count() == count

    @rule(job=jobs)
    def release(self, job: str) -> None:
        self.releases[job] += 1
        n = self.releases[job]
        self._twice(lambda: actions.release_hours(job_id=job, n=n, by=TESTER, now=self.now))
        for pk, left in self.books.held[job].items():
            self.books.move(pk, "held", "available", left)
            self.books.held[job][pk] = 0

    @rule(job=jobs, claim=st.integers(0, 500))
    def lose(self, job: str, claim: int) -> None:
        fence = next(self.NAMES)
        self._twice(
            lambda: actions.loss_and_refund(attempt_id=f"{job}-a", fence=fence, quantity=claim, by=TESTER, now=self.now)
        )
        for entry in reversed(self.books.captured[job]):
            pk, captured = entry
            lost = min(claim, captured)
            claim -= lost
            entry[1] -= lost
            pledge = self._source(pk).pledge_id
            refund = min(lost, max(0, self.books.unallocated[pledge]))
            self.books.move(pk, "spent", "lost", lost)
            self.books.unallocated[pledge] -= refund
            self.books.source[pk]["available"] += refund

    @rule(which=st.integers(0, 1), amount=st.integers(1, 200))
    def overhead(self, which: int, amount: int) -> None:
        pledge, attempt = self.pledges[which], f"pull-{next(self.NAMES)}"
        self._twice(
            lambda: actions.capture_overhead(
                pledge=pledge, attempt_id=attempt, quantity=amount, happened_at=self.now, by=TESTER
            )
        )
        self.books.unallocated[pledge.pk] -= amount
        self.books.overhead[pledge.pk] += amount

    @rule(which=st.integers(0, 1), index=st.integers(0, 1), reason=st.sampled_from(["", "audit"]))
    def lock_or_unlock(self, which: int, index: int, reason: str) -> None:
        source = self.allocations[which].sources.order_by("id")[index]
        actions.lock_source(source=source, reason=reason, by=TESTER)

    @rule()
    def freeze_or_unfreeze(self) -> None:
        allocation = self.allocations[0]
        if allocation.status == "frozen":
            actions.unfreeze_allocation(allocation=allocation, reason="fine", by=TESTER)
            return
        actions.freeze_allocation(allocation=allocation, reason="audit", by=TESTER)
        assert all(seconds == 0 for _pk, seconds in self._usable(allocation))

    def _refused(self, act: Callable[[], Any]) -> None:
        with pytest.raises(Exhausted), transaction.atomic():
            act()

    def _twice(self, act: Callable[[], Any]) -> None:
        """Do it, then again: the same answer, and nothing new in the books."""
        first = act()
        count = HoursTransaction.objects.count()
        assert act() == first
        assert HoursTransaction.objects.count() == count

    @invariant()
    def balances_are_the_models(self) -> None:
        for pledge in self.pledges:
            balances = balances_of_pledge(pledge)
            assert balances.unallocated == self.books.unallocated[pledge.pk]
            assert balances.overhead == self.books.overhead[pledge.pk]
            assert balances.deposited == DEPOSIT
            assert balances.deposited == balances.unallocated + balances.promised + balances.consumed
        for pk, kinds in self.books.source.items():
            stored = dict(HoursAccount.objects.filter(source=pk).values_list("kind", "balance"))
            assert stored == {**kinds, "deferred": 0}

    @invariant()
    def holds_are_the_models(self) -> None:
        for job, parts in self.books.held.items():
            assert {part.source_id: part.held for part in parts_of_job(job)} == parts

    @invariant()
    def consumption_never_falls_and_the_proof_holds(self) -> None:
        consumed = sum(balances_of_pledge(pledge).consumed for pledge in self.pledges)
        assert consumed >= self.consumed
        self.consumed = consumed
        assert proof(datetime.now(UTC)) == []

    @invariant()
    def usable_is_at_most_available(self) -> None:
        for allocation in self.allocations:
            for pk, seconds in self._usable(allocation):
                assert 0 <= seconds <= self.books.source[pk]["available"]


class RolledBack(HoursLedger):
    """A history whose rows vanish with it."""

    def __init__(self) -> None:
        super().__init__()
        self._scope = transaction.atomic()
        self._scope.__enter__()

    def teardown(self) -> None:
        try:
            with transaction.get_connection().cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        finally:
            transaction.set_rollback(True)
            self._scope.__exit__(None, None, None)


@pytest.mark.django_db
class TestHoursLedger(RolledBack.TestCase):  # type: ignore[misc,name-defined]  # hypothesis makes the class
    """Run by unittest's machinery inside the test's transaction."""
