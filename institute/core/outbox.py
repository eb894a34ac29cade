"""The outbox: facts for later apps and effects on the outside world, written in the action's transaction.

`publish` writes one row per receiver; a relay delivers each at least once, in order per receiver and
subject, with back-off; after the last try the row is a dead letter that holds back what comes after it
for the same receiver and subject, until a person retries or discards it.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone
from structlog.contextvars import bound_contextvars, get_contextvars

from institute.core import faults
from institute.core.enums import OutboxStatus
from institute.core.ids import new_ulid
from institute.core.models import OutboxMessage

log = structlog.get_logger(__name__)

MAX_TRIES = 12
FIRST_PAUSE_S = 2
LONGEST_PAUSE_S = 900
CLAIM_S = 300


@dataclass(frozen=True, slots=True)
class Event:
    """A fact in the past tense: ids and scalars only. Subclasses are frozen dataclasses in `events.py`."""

    @classmethod
    def topic(cls) -> str:
        """The name under which the event is stored, e.g. "grants.funding.PledgeActivated"."""
        return f"{cls.__module__.removesuffix('.events')}.{cls.__name__}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a receiver learns besides the event: the id that makes it idempotent, and when it happened."""

    event_id: str
    subject: str
    published_at: datetime
    tries: int


E = TypeVar("E", bound=Event)
Receiver = Callable[[Any, Delivery], None]


@dataclass(frozen=True, slots=True)
class _Registration:
    receiver: Receiver
    event: type[Event]
    is_effect: bool


_receivers: dict[str, _Registration] = {}
_by_topic: dict[str, list[str]] = {}


def receives(event: type[E], *, is_effect: bool = False) -> Callable[[Callable[[E, Delivery], None]], Receiver]:
    """Register a function of a `receivers.py` for an event.

    A fact (the default) is delivered inside the transaction that marks it delivered, so it happens exactly
    once. An effect (`is_effect=True`: cluster, tracker, hub, mail) is claimed, run outside any transaction
    and marked afterwards: at least once, so the function must be idempotent by `delivery.event_id`.
    """

    def register(function: Callable[[E, Delivery], None]) -> Receiver:
        name = f"{function.__module__}.{function.__name__}"
        if name not in _receivers:
            _by_topic.setdefault(event.topic(), []).append(name)
        _receivers[name] = _Registration(function, event, is_effect)
        return function

    return register


def publish(event: Event, *, subject: str, by: object = "") -> str:
    """Write the event for each of its receivers; its id.

    Call it inside the action's transaction and under the row lock of the subject: that is what keeps the
    order per subject.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() belongs inside the transaction of its action")
    event_id = new_ulid()
    payload = dataclasses.asdict(event)
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            event_id=event_id,
            topic=event.topic(),
            subject=subject,
            receiver=name,
            payload=payload,
            by=str(by),
            request_id=str(get_contextvars().get("request_id", ""))[:64],
        )
        for name in _by_topic.get(event.topic(), [])
    )
    transaction.on_commit(nudge)
    return event_id


def nudge() -> None:
    """Ask the relay to look now. A lost nudge costs seconds: the periodic sweep finds what is due."""
    from institute.core.tasks import task_relay_outbox  # the task imports this module

    try:
        task_relay_outbox.apply_async(retry=False)
    except Exception as error:  # noqa: BLE001  (any fault of the broker: the sweep delivers)
        log.warning("outbox_nudge_lost", error=type(error).__name__)


_HEADS = """
SELECT m.id FROM core_outboxmessage m
WHERE m.status = 'pending' AND m.next_try_at <= %s
  AND NOT EXISTS (
    SELECT 1 FROM core_outboxmessage o
    WHERE o.receiver = m.receiver AND o.subject = m.subject AND o.id < m.id AND o.status IN ('pending', 'dead'))
ORDER BY m.id LIMIT %s
"""


def due(*, now: datetime, limit: int = 100) -> list[int]:
    """Ids of the messages that may be delivered now: the head of each receiver's and subject's line."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [now, limit])
        return [row[0] for row in cursor.fetchall()]


def relay(*, now: datetime | None = None, rounds: int = 1000) -> int:
    """Deliver what is due until nothing is left; the number of messages delivered."""
    delivered = 0
    for _ in range(rounds):
        heads = due(now=now or timezone.now())
        if not heads:
            return delivered
        outcomes = [deliver(pk, now=now) for pk in heads]
        delivered += sum(outcome is True for outcome in outcomes)
        if all(outcome is None for outcome in outcomes):  # another relay has them all
            return delivered
    return delivered


def deliver(pk: int, *, now: datetime | None = None) -> bool | None:
    """Deliver one message: True if it was, False if its receiver failed, None if another relay has it."""
    message = OutboxMessage.objects.get(pk=pk)
    registration = _receivers.get(message.receiver)
    with bound_contextvars(request_id=message.request_id, event_id=message.event_id, topic=message.topic):
        try:
            if registration is None:
                raise LookupError(f"no receiver {message.receiver} in this version")
            run = _deliver_effect if registration.is_effect else _deliver_fact
            return run(message, registration, now or timezone.now())
        except OperationalError:
            raise  # the database itself is away: nothing can be recorded, the next sweep tries again
        except Exception as error:
            log.exception("outbox_delivery_failed", receiver=message.receiver, subject=message.subject)
            _postpone(pk, error, now or timezone.now())
            return False


def _claimable(pk: int) -> models.QuerySet[OutboxMessage]:
    return OutboxMessage.objects.select_for_update(skip_locked=True).filter(pk=pk, status=OutboxStatus.PENDING)


def _call(message: OutboxMessage, registration: _Registration) -> None:
    event = registration.event(**message.payload)
    registration.receiver(event, Delivery(message.event_id, message.subject, message.published_at, message.tries))


def _deliver_fact(message: OutboxMessage, registration: _Registration, now: datetime) -> bool | None:
    with transaction.atomic():
        if not _claimable(message.pk).exists():
            return None
        _call(message, registration)
        faults.point("outbox-before-mark")
        OutboxMessage.objects.filter(pk=message.pk).update(status=OutboxStatus.DELIVERED, delivered_at=now, error="")
    return True


def _deliver_effect(message: OutboxMessage, registration: _Registration, now: datetime) -> bool | None:
    with transaction.atomic():
        if not _claimable(message.pk).filter(next_try_at__lte=now).exists():
            return None
        OutboxMessage.objects.filter(pk=message.pk).update(next_try_at=now + timedelta(seconds=CLAIM_S))
    _call(message, registration)
    faults.point("outbox-after-effect")
    OutboxMessage.objects.filter(pk=message.pk, status=OutboxStatus.PENDING).update(
        status=OutboxStatus.DELIVERED, delivered_at=now, error=""
    )
    return True


def _postpone(pk: int, error: Exception, now: datetime) -> None:
    with transaction.atomic():
        message = OutboxMessage.objects.select_for_update().get(pk=pk)
        if message.status != OutboxStatus.PENDING:
            return
        message.tries += 1
        message.error = f"{type(error).__name__}: {error}"[:2000]
        pause = min(FIRST_PAUSE_S * 2 ** (message.tries - 1), LONGEST_PAUSE_S)
        message.next_try_at = now + timedelta(seconds=pause)
        status = OutboxStatus.DEAD if message.tries >= MAX_TRIES else OutboxStatus.PENDING
        OutboxMessage.objects.filter(pk=pk).update(
            tries=message.tries, error=message.error, next_try_at=message.next_try_at, status=status
        )


def retry_dead_letter(pk: int, *, now: datetime) -> None:
    """A person's decision: try a dead letter again from now."""
    OutboxMessage.objects.filter(pk=pk, status=OutboxStatus.DEAD).update(
        status=OutboxStatus.PENDING, tries=0, next_try_at=now
    )
    transaction.on_commit(nudge)


def discard_dead_letter(pk: int) -> None:
    """A person's decision: what this letter asked for is not wanted any more. The row stays."""
    OutboxMessage.objects.filter(pk=pk, status=OutboxStatus.DEAD).update(status=OutboxStatus.DISCARDED)
    transaction.on_commit(nudge)


def dead_letters() -> models.QuerySet[OutboxMessage]:
    """What was given up, oldest first."""
    return OutboxMessage.objects.filter(status=OutboxStatus.DEAD).order_by("id")


def lag_seconds(*, now: datetime) -> int:
    """Age of the oldest undelivered message that is not dead, in whole seconds; 0 if there is none."""
    oldest = OutboxMessage.objects.filter(status=OutboxStatus.PENDING).aggregate(at=models.Min("published_at"))["at"]
    return max(0, int((now - oldest).total_seconds())) if oldest else 0


def registered_receivers() -> Iterator[tuple[str, str]]:
    """(topic, receiver) pairs, for the staff page and the tests."""
    for topic, names in sorted(_by_topic.items()):
        for name in names:
            yield topic, name
