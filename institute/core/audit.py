"""The audit trail: written by each action in its own transaction, sealed apart in a hash chain."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction
from structlog.contextvars import get_contextvars

from institute.core.actors import Actor
from institute.core.models import AuditEntry, AuditSeal
from institute.core.states import identity_of, kind_of

GENESIS = bytes(32)
SEAL_LOCK = 0x48656164_01  # "Head", the audit chain
BATCH = 500


def record(*, by: Actor, action: str, subject: models.Model, details: Mapping[str, Any] | None = None) -> AuditEntry:
    """Write that `by` did `action` ("pledge.accept") to `subject`; `details` are ids and figures only."""
    return AuditEntry.objects.create(
        by=str(by),
        person=by.person,
        action=action,
        subject_kind=kind_of(subject),
        subject_id=identity_of(subject),
        details=dict(details or {}),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )


def text_of(entry: AuditEntry) -> bytes:
    """The canonical text of an entry: what its hash covers."""
    parts = [
        entry.public_id,
        entry.happened_at.isoformat(),
        entry.by,
        entry.person,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.details,
        entry.request_id,
    ]
    return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def seal(*, limit: int = BATCH) -> int:
    """Append up to `limit` unsealed entries to the chain; the number sealed, 0 if another process is sealing.

    Apart from the actions, so that no action waits for the one before it.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        last = AuditSeal.objects.order_by("-position").first()
        position, previous = (last.position, bytes(last.hash)) if last else (0, GENESIS)
        seals = []
        for entry in AuditEntry.objects.filter(seal__isnull=True).order_by("id")[:limit]:
            position += 1
            previous = hashlib.sha256(previous + text_of(entry)).digest()
            seals.append(AuditSeal(position=position, entry=entry, hash=previous))
        AuditSeal.objects.bulk_create(seals)
    return len(seals)


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold, and why."""

    position: int
    entry_id: str
    why: str


def verify() -> Iterator[Break]:
    """Every break of the chain; nothing when it holds."""
    previous = GENESIS
    expected = 0
    for link in AuditSeal.objects.select_related("entry").order_by("position").iterator(chunk_size=2000):
        expected += 1
        if link.position != expected:
            yield Break(expected, "", f"position {expected} is missing")
            expected = link.position
        previous = hashlib.sha256(previous + text_of(link.entry)).digest()
        if previous != bytes(link.hash):
            yield Break(link.position, link.entry.public_id, "the entry does not match its hash")
            previous = bytes(link.hash)
