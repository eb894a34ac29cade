"""Jobs over random histories: places that vanish, fall silent and come back, workers that die or come late.

Whatever happens and however often it is looked at: each name is created once, each attempt ends once, each
used second is charged once, and once all is quiet every job is over and holds nothing.
"""

import contextlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from compute.allocations.models import Allocation
from compute.allocations.queries import held_of_job
from compute.jobs import actions
from compute.jobs.actions import dispatch
from compute.jobs.actions.claims import CLAIM_TIME, Claim, Stale, claim_attempt
from compute.jobs.actions.observations import spans_of
from compute.jobs.actions.sweep import tend
from compute.jobs.backends.base import BackendUnavailable
from compute.jobs.backends.fake import FakeAttempt, FakeBackend
from compute.jobs.enums import ATTEMPT_OVER, ATTEMPT_TRANSITIONS, JOB_OVER, JOB_TRANSITIONS, AttemptStatus, JobStatus
from compute.jobs.models import Attempt, Job
from compute.jobs.queries import verify_hours
from institute.core import faults, outbox, ports
from institute.core.models import StateChange
from tests.factories.jobs import allocation_on, checkpoint_of, lease_of, output_of, submitted_job
from tests.factories.people import TESTER

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LATER = START.replace(year=2100)
EXITS = (0, 1, 3, 64, 75, 78, 137)


class Died(BaseException):
    """Stands for SIGKILL: no handler of the sweep may catch it."""


class JobsMachine(RuleBasedStateMachine):
    """Two jobs on a cluster of one host, in a transaction that is rolled back after the walk."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.dies_at = ""
        self.stale: Claim | None = None
        self.fake = FakeBackend(lambda: self.now, stop_takes=timedelta(seconds=20))
        dispatch.FACTORIES["local"] = lambda: self.fake
        faults.point = self.point  # type: ignore[assignment]  # the test's executioner
        self.walk = transaction.atomic()
        self.walk.__enter__()
        self.jobs: list[Job] = []
        self.forgotten: Counter[str] = Counter()
        self.over_before: set[str] = set()
        self.seen_creations = 0

    def point(self, name: str) -> None:
        if name == self.dies_at:
            self.dies_at = ""
            raise Died

    @initialize(retries=st.integers(0, 1))
    def submit(self, retries: int) -> None:
        self.allocation: Allocation = allocation_on(seconds=400 * 3600, now=self.now)
        self.jobs = [
            submitted_job(allocation=self.allocation, now=self.now, retries=retries, wall_limit_minutes=600)
            for _ in range(2)
        ]

    # -- what happens ------------------------------------------------------------------------------

    def attempts(self) -> list[FakeAttempt]:
        """What the place has and is not over there."""
        return [each for each in self.fake.attempts.values() if each.ended_at is None]

    @rule(seconds=st.sampled_from([1, 7, 60, 299, 300, 1_000]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.attempts())
    @rule()
    def training_starts(self) -> None:
        for each in self.attempts():
            if each.started_at is None:
                self.fake.start(each.spec.name)

    @precondition(lambda self: self.attempts())
    @rule(code=st.sampled_from(EXITS))
    def training_ends(self, code: int) -> None:
        self.fake.finish(self.attempts()[0].spec.name, code)

    @precondition(lambda self: self.attempts())
    @rule()
    def the_host_is_lost(self) -> None:
        self.fake.vanish(self.attempts()[0].spec.name)

    @precondition(lambda self: self.fake.attempts)
    @rule()
    def the_place_forgets(self) -> None:
        name = next(iter(self.fake.attempts))
        with contextlib.suppress(BackendUnavailable):
            self.fake.delete(name)
        self.forgotten[name] += name not in self.fake.attempts

    @precondition(lambda self: self.attempts())
    @rule(is_blurred=st.booleans())
    def the_place_is_unsure(self, is_blurred: bool) -> None:
        self.fake.blur(self.attempts()[0].spec.name, is_blurred=is_blurred)

    @rule(method=st.sampled_from(["create", "observe", "request_stop", "delete", "read_log"]), after=st.booleans())
    def an_answer_gets_lost(self, method: str, after: bool) -> None:
        self.fake.fail_next(method, BackendUnavailable("lost"), after=after)

    @rule(is_away=st.booleans())
    def contact(self, is_away: bool) -> None:
        self.fake.lose_contact() if is_away else self.fake.regain_contact()

    def running(self) -> Attempt | None:
        """A row whose training could speak for itself now."""
        names = [each.spec.name for each in self.attempts() if each.started_at is not None]
        return Attempt.objects.filter(name__in=names).exclude(status__in=ATTEMPT_OVER).select_related("job").first()

    @rule(step=st.integers(1, 5))
    def a_checkpoint_comes(self, step: int) -> None:
        attempt = self.running()
        if attempt is not None:
            fence = lease_of(attempt, now=self.now)
            if not attempt.job.checkpoints.filter(fence=fence, step=step, kind="checkpoint").exists():
                checkpoint_of(attempt, now=self.now, step=step, fence=fence)

    @rule()
    def an_output_comes(self) -> None:
        attempt = self.running()
        if attempt is not None and not attempt.job.checkpoints.filter(kind="output").exists():
            output_of(attempt, now=self.now)

    @rule(number=st.integers(0, 1))
    def somebody_stops_a_job(self, number: int) -> None:
        job = Job.objects.get(pk=self.jobs[number].pk)
        if not job.is_over:
            actions.request_stop(job=job, by=TESTER, now=self.now)

    # -- who looks ---------------------------------------------------------------------------------

    @rule(times=st.integers(1, 3))
    def sweep(self, times: int) -> None:
        for _ in range(times):
            assert actions.sweep_jobs(now=self.now).failed == 0

    @rule(point=st.sampled_from(["after-prepare", "after-create", "after-record", "after-end", "after-delete"]))
    def a_worker_dies(self, point: str) -> None:
        """Between two of its transactions: inside one, the database would undo it whole."""
        self.dies_at = point
        try:
            actions.sweep_jobs(now=self.now)
        except Died:
            self.now += CLAIM_TIME
        self.dies_at = ""

    @rule()
    def a_worker_falls_asleep(self) -> None:
        for attempt in Attempt.objects.order_by("pk"):
            claim = claim_attempt(attempt.pk, self.now)
            if claim is not None:
                self.stale = claim
                self.now += CLAIM_TIME
                return

    @precondition(lambda self: self.stale is not None)
    @rule()
    def the_sleeper_goes_on(self) -> None:
        assert self.stale is not None
        with contextlib.suppress(Stale, BackendUnavailable):
            tend(self.stale, now=self.now)
        self.stale = None

    # -- what always holds -------------------------------------------------------------------------

    @invariant()
    def nothing_is_started_twice_or_after_its_end(self) -> None:
        over = set(Attempt.objects.filter(status__in=ATTEMPT_OVER).values_list("name", flat=True))
        for name in self.fake.created_names[self.seen_creations :]:
            assert name not in self.over_before, name
        self.seen_creations, self.over_before = len(self.fake.created_names), over
        again = Counter(self.fake.created_names)
        assert all(again[name] <= 1 + self.forgotten[name] for name in again), again

    @invariant()
    def the_books_hold(self) -> None:
        if self.jobs:
            assert [found for found in verify_hours(LATER) if found.check != "slice_missing"] == []

    @invariant()
    def use_is_charged_once(self) -> None:
        for attempt in Attempt.objects.filter(status__in=ATTEMPT_OVER).select_related("job"):
            used = sum(span.end - span.start for span in spans_of(attempt))
            assert used == sum(attempt.slices.values_list("accelerator_seconds", flat=True))

    @invariant()
    def nobody_takes_a_forbidden_step(self) -> None:
        for change in StateChange.objects.filter(subject_kind="jobs.attempt").exclude(from_status=""):
            assert AttemptStatus(change.to_status) in ATTEMPT_TRANSITIONS[AttemptStatus(change.from_status)]
        for change in StateChange.objects.filter(subject_kind="jobs.job").exclude(from_status=""):
            assert JobStatus(change.to_status) in JOB_TRANSITIONS[JobStatus(change.from_status)]

    @invariant()
    def a_job_that_is_over_is_over(self) -> None:
        for job in Job.objects.filter(status__in=JOB_OVER):
            assert held_of_job(job.public_id) == 0
            assert not job.attempts.exclude(status__in=ATTEMPT_OVER).exists()

    def teardown(self) -> None:
        """Once everything answers again and all that runs may end, every job ends and is tidied up."""
        try:
            if self.jobs:
                self.come_to_rest()
        finally:
            transaction.set_rollback(True)
            self.walk.__exit__(None, None, None)

    def come_to_rest(self) -> None:
        self.fake.regain_contact()
        self.fake._failures.clear()
        for _ in range(60):
            if Job.objects.filter(status__in=JOB_OVER).count() == 2 and not self.fake.attempts:
                break
            for each in self.fake.attempts.values():
                each.is_blurred = False
            self.training_starts()
            self.sweep(1)
            self.now += timedelta(seconds=700)
            for each in self.attempts():
                self.fake.finish(each.spec.name, 64)
            self.sweep(1)
        assert Job.objects.filter(status__in=JOB_OVER).count() == 2
        assert self.fake.attempts == {}
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.the_books_hold()
        self.use_is_charged_once()


@pytest.fixture
def quiet(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tracker, no broker; what the machine replaces comes back."""
    settings.PORTS = {**settings.PORTS, "jobs.environment": "tests.compute.jobs.world.tracker_variables"}
    ports.filler.cache_clear()
    monkeypatch.setattr(outbox, "nudge", lambda: None)
    monkeypatch.setattr(faults, "point", faults.point)
    monkeypatch.setitem(dispatch.FACTORIES, "local", dispatch.FACTORIES["local"])


@pytest.mark.django_db
@pytest.mark.slow
def test_jobs_over_random_histories(quiet: None) -> None:
    run_state_machine_as_test(JobsMachine)  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
    ports.filler.cache_clear()
