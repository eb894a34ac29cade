"""Pledges for tests, made through the actions that people use."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from grants.donors.models import Donor
from grants.funding import actions
from grants.funding.enums import RestrictionKind
from grants.funding.models import Pledge
from tests.factories.donors import DonorFactory
from tests.factories.people import TESTER

HOUR = 3600
CITE = "Trained with compute lent by the Open TPU Programme."


def pledge_draft(
    *, now: datetime | None = None, hours: int = 100, cite: str = CITE, **fields: Any
) -> actions.PledgeDraft:
    """A pool of hours whose window is open for a year, with a sentence to cite and a year to publish."""
    now = now or timezone.now()
    clauses = [
        actions.RestrictionDraft(RestrictionKind.PUBLISH_BY, "Publish within 12 months.", {"months": 12}),
        *([actions.RestrictionDraft(RestrictionKind.CITE, cite)] if cite else []),
    ]
    defaults: dict[str, Any] = {
        "title": "Hosts 2026",
        "window_starts_at": now - timedelta(days=1),
        "window_ends_at": now + timedelta(days=364),
        "terms": actions.TermsDraft(type_slug="cpu-host", amount=hours * HOUR, reserve_percent=0),
        "restrictions": clauses,
    }
    return actions.PledgeDraft(**(defaults | fields))


def offered_pledge(*, donor: Donor | None = None, now: datetime | None = None, **fields: Any) -> Pledge:
    """A pledge that nobody has accepted yet."""
    donor = donor or DonorFactory.create()
    return actions.offer_pledge(donor=donor, draft=pledge_draft(now=now, **fields), by=TESTER, now=now)


def active_pledge(*, donor: Donor | None = None, now: datetime | None = None, **fields: Any) -> Pledge:
    """A pledge that is accepted and whose window is open."""
    return actions.accept_pledge(pledge=offered_pledge(donor=donor, now=now, **fields), by=TESTER, now=now)
