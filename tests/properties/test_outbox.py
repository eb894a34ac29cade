"""The outbox over random histories: nothing lost, nothing out of order, facts exactly once, effects at least once.

The model is a list per receiver and subject. Receivers break and mend at random; a relay may die after an
effect and before it could say so.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from institute.core import faults, outbox
from institute.core.enums import OutboxStatus
from institute.core.models import OutboxMessage

SUBJECTS = ("a", "b")
NAMES = ("fact", "effect")


@dataclass(frozen=True, slots=True)
class Numbered(outbox.Event):
    """An event of this test."""

    number: int


class Died(BaseException):
    """Stands for SIGKILL: no handler of the relay may catch it."""


class World:
    """What the receivers do now and what they saw."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.broken: set[tuple[str, str]] = set()
        self.dies_at = ""

    def take(self, name: str, number: int, subject: str) -> None:
        if (name, subject) in self.broken:
            raise RuntimeError("broken")
        self.seen[name, subject].append(number)

    def point(self, name: str) -> None:
        if name == self.dies_at:
            self.dies_at = ""
            raise Died


class OutboxMachine(RuleBasedStateMachine):
    """Random walks; `world` is set by the test."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.__init__()  # type: ignore[misc]  # each walk starts with receivers that are whole
        self.now: datetime = timezone.now()
        self.published: dict[str, list[int]] = defaultdict(list)
        self.discarded: set[tuple[str, int]] = set()
        self.number = 0
        OutboxMessage.objects.all().delete()

    @rule(subject=st.sampled_from(SUBJECTS), count=st.integers(1, 3))
    def publish(self, subject: str, count: int) -> None:
        with transaction.atomic():
            for _ in range(count):
                self.number += 1
                outbox.publish(Numbered(self.number), subject=subject)
                self.published[subject].append(self.number)

    @rule(subject=st.sampled_from(SUBJECTS))
    def publish_and_roll_back(self, subject: str) -> None:
        with transaction.atomic():
            outbox.publish(Numbered(-1), subject=subject)
            transaction.set_rollback(True)

    @rule(name=st.sampled_from(NAMES), subject=st.sampled_from(SUBJECTS))
    def publish_behind_one_that_failed(self, name: str, subject: str) -> None:
        self.publish(subject, 1)
        self.now = max(self.now, timezone.now())
        self.world.broken.add((name, subject))
        outbox.relay(now=self.now)
        self.world.broken.discard((name, subject))
        self.publish(subject, 1)
        self.now = max(self.now, timezone.now())
        outbox.relay(now=self.now)

    @rule(name=st.sampled_from(NAMES), subject=st.sampled_from(SUBJECTS))
    def break_receiver(self, name: str, subject: str) -> None:
        self.world.broken.add((name, subject))

    @rule()
    def mend_all(self) -> None:
        self.world.broken.clear()

    @rule(seconds=st.sampled_from([0, 1, 5, 60, 1000]))
    def relay(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        outbox.relay(now=self.now)

    @rule(point=st.sampled_from(["outbox-before-mark", "outbox-after-effect"]))
    def relay_dies(self, point: str) -> None:
        before = {key: list(seen) for key, seen in self.world.seen.items()}
        self.world.dies_at = point
        try:
            outbox.relay(now=self.now)
        except Died:
            if point == "outbox-before-mark":  # its transaction is gone, and with it what the receiver wrote
                for subject in SUBJECTS:
                    key = ("fact", subject)
                    delivered = OutboxMessage.objects.filter(
                        receiver__endswith=".fact", subject=subject, status=OutboxStatus.DELIVERED
                    ).count()
                    self.world.seen[key] = self.world.seen[key][: max(delivered, len(before.get(key, [])))]
        self.world.dies_at = ""

    @rule(discards=st.booleans())
    def decide_dead_letters(self, discards: bool) -> None:
        for letter in outbox.dead_letters():
            if discards:
                outbox.discard_dead_letter(letter.pk)
                self.discarded.add((letter.receiver.rpartition(".")[2], letter.payload["number"]))
            else:
                outbox.retry_dead_letter(letter.pk, now=self.now)

    @invariant()
    def facts_arrive_in_order_and_once(self) -> None:
        for subject in SUBJECTS:
            wanted = [n for n in self.published[subject] if ("fact", n) not in self.discarded]
            seen = self.world.seen["fact", subject]
            assert seen == wanted[: len(seen)]

    @invariant()
    def effects_arrive_in_order_and_at_least_once(self) -> None:
        for subject in SUBJECTS:
            wanted = [n for n in self.published[subject] if ("effect", n) not in self.discarded]
            first = dict.fromkeys(self.world.seen["effect", subject])
            seen = [n for n in first if ("effect", n) not in self.discarded]
            assert seen == wanted[: len(seen)]

    def teardown(self) -> None:
        """Once everything is whole again and time has passed, nothing is left undelivered."""
        self.world.broken.clear()
        for _ in range(3):
            for letter in outbox.dead_letters():
                outbox.retry_dead_letter(letter.pk, now=self.now)
            self.now += timedelta(seconds=2000)
            outbox.relay(now=self.now)
        for name in NAMES:
            for subject in SUBJECTS:
                wanted = [n for n in self.published[subject] if (name, n) not in self.discarded]
                seen = [n for n in dict.fromkeys(self.world.seen[name, subject]) if (name, n) not in self.discarded]
                assert seen == wanted


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World()

    def fact(event: Numbered, delivery: outbox.Delivery) -> None:
        world.take("fact", event.number, delivery.subject)

    def effect(event: Numbered, delivery: outbox.Delivery) -> None:
        world.take("effect", event.number, delivery.subject)

    outbox.receives(Numbered)(fact)
    outbox.receives(Numbered, is_effect=True)(effect)
    monkeypatch.setattr(faults, "point", world.point)
    monkeypatch.setattr(outbox, "nudge", lambda: None)
    yield world
    for name in outbox._by_topic.pop(Numbered.topic()):
        outbox._receivers.pop(name)


def test_outbox_over_random_histories(world: World) -> None:
    OutboxMachine.world = world
    assert connection.in_atomic_block is False
    run_state_machine_as_test(OutboxMachine)  # type: ignore[no-untyped-call]  # hypothesis leaves it untyped
