"""The outbox: at least once, in order per receiver and subject, backed off, dead-lettered, idempotent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from institute.core import outbox
from institute.core.enums import OutboxStatus
from institute.core.models import OutboxMessage

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class ThingHappened(outbox.Event):
    """An event of these tests."""

    number: int


@dataclass
class Inbox:
    """What the receiver saw; it fails while `broken` holds the number."""

    seen: list[int]
    broken: set[int]


@pytest.fixture(params=[False, True], ids=["fact", "effect"])
def inbox(request: pytest.FixtureRequest) -> Iterator[Inbox]:
    box = Inbox([], set())

    def take(event: ThingHappened, delivery: outbox.Delivery) -> None:
        if event.number in box.broken:
            raise RuntimeError(f"cannot take {event.number}")
        box.seen.append(event.number)

    outbox.receives(ThingHappened, is_effect=request.param)(take)
    name = f"{take.__module__}.{take.__name__}"
    yield box
    outbox._receivers.pop(name)
    outbox._by_topic.pop(ThingHappened.topic())


def say(*numbers: int, subject: str = "a") -> None:
    with transaction.atomic():
        for number in numbers:
            outbox.publish(ThingHappened(number), subject=subject)


def test_publishing_outside_a_transaction_is_refused(transactional_db: None, inbox: Inbox) -> None:
    with pytest.raises(TransactionManagementError):
        outbox.publish(ThingHappened(1), subject="a")


def test_messages_arrive_in_order_and_once(inbox: Inbox) -> None:
    say(1, 2, 3)
    assert outbox.relay() == 3
    assert outbox.relay() == 0
    assert inbox.seen == [1, 2, 3]


def test_a_rolled_back_action_publishes_nothing(inbox: Inbox) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.publish(ThingHappened(1), subject="a")
        raise ZeroDivisionError
    assert outbox.relay() == 0


def test_a_failing_message_holds_back_its_subject_only(inbox: Inbox) -> None:
    inbox.broken = {1}
    say(1, 2, subject="a")
    say(3, subject="b")
    outbox.relay()
    assert inbox.seen == [3]
    assert outbox.lag_seconds(now=timezone.now() + timedelta(seconds=90)) >= 90


def test_a_failure_is_tried_again_after_a_pause_that_grows(inbox: Inbox) -> None:
    inbox.broken = {1}
    say(1)
    now = timezone.now()
    outbox.relay(now=now)
    assert outbox.due(now=now) == []
    assert outbox.due(now=now + timedelta(seconds=outbox.FIRST_PAUSE_S)) != []
    inbox.broken = set()
    outbox.relay(now=now + timedelta(seconds=outbox.FIRST_PAUSE_S))
    assert inbox.seen == [1]


def exhaust() -> None:
    now = timezone.now()
    for _ in range(outbox.MAX_TRIES):
        outbox.relay(now=now)
        now += timedelta(seconds=outbox.LONGEST_PAUSE_S + 1)


def test_a_dead_letter_keeps_its_error_and_holds_what_follows_until_a_person_decides(inbox: Inbox) -> None:
    inbox.broken = {1}
    say(1, 2)
    exhaust()
    letter = outbox.dead_letters().get()
    assert letter.error == "RuntimeError: cannot take 1"
    assert inbox.seen == []
    inbox.broken = set()
    outbox.retry_dead_letter(letter.pk, now=timezone.now())
    outbox.relay()
    assert inbox.seen == [1, 2]


def test_a_discarded_letter_lets_the_rest_pass(inbox: Inbox) -> None:
    inbox.broken = {1}
    say(1, 2)
    exhaust()
    outbox.discard_dead_letter(outbox.dead_letters().get().pk)
    outbox.relay()
    assert inbox.seen == [2]
    assert OutboxMessage.objects.filter(status=OutboxStatus.DISCARDED).count() == 1


def test_a_message_without_a_receiver_in_this_version_waits(inbox: Inbox) -> None:
    say(1)
    registration = outbox._receivers.copy()
    outbox._receivers.clear()
    try:
        outbox.relay()
    finally:
        outbox._receivers.update(registration)
    assert "no receiver" in OutboxMessage.objects.get().error


def test_lag_is_zero_without_messages() -> None:
    assert outbox.lag_seconds(now=timezone.now()) == 0


def test_every_receiver_of_the_platform_is_listed() -> None:
    assert all(name.count(".") >= 2 for _, name in outbox.registered_receivers())
