"""Core's tables. They name others by public id, never by foreign key."""

from institute.core.models.audit import AuditEntry, AuditSeal
from institute.core.models.entity import AppendOnly, Entity
from institute.core.models.idempotency import IdempotencyKey
from institute.core.models.outbox import OutboxMessage
from institute.core.models.signing_key import SigningKey
from institute.core.models.state_change import StateChange

__all__ = [
    "AppendOnly",
    "AuditEntry",
    "AuditSeal",
    "Entity",
    "IdempotencyKey",
    "OutboxMessage",
    "SigningKey",
    "StateChange",
]
