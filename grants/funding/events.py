"""Facts about pledges that later apps react to. Instants are ISO 8601 in UTC."""

from dataclasses import dataclass

from institute.core.outbox import Event


@dataclass(frozen=True, slots=True)
class PledgeAccepted(Event):
    """Staff accepted a pledge."""

    pledge_id: str


@dataclass(frozen=True, slots=True)
class PledgeActivated(Event):
    """A pledge's window opened: `amount` accelerator-seconds of `type_slug` may be promised on."""

    pledge_id: str
    terms_version: int
    type_slug: str
    amount: int


@dataclass(frozen=True, slots=True)
class PledgeSuspended(Event):
    """No new hold on this pledge."""

    pledge_id: str


@dataclass(frozen=True, slots=True)
class PledgeResumed(Event):
    """A suspended pledge is usable again."""

    pledge_id: str


@dataclass(frozen=True, slots=True)
class PledgeWithdrawn(Event):
    """What is left of a pledge is taken back from `effective_at` on."""

    pledge_id: str
    effective_at: str


@dataclass(frozen=True, slots=True)
class ObligationAccepted(Event):
    """A duty is fulfilled by `evidence`."""

    obligation_id: str
    pledge_id: str
    evidence: str
