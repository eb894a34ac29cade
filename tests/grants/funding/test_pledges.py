"""A promise is entered, accepted, opened, suspended, withdrawn and closed; each with its rule."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import Error
from django.utils import timezone

from grants.donors.actions import grant_portal_access
from grants.donors.enums import DonorStatus
from grants.funding import actions, queries, tasks
from grants.funding.enums import PledgeStatus, RestrictionKind, TermsKind
from grants.funding.events import PledgeAccepted, PledgeActivated, PledgeResumed, PledgeSuspended, PledgeWithdrawn
from grants.funding.models import ComputeTerms, Pledge, Restriction
from institute.core.actors import SYSTEM_SWEEP
from institute.core.errors import Conflict, Refused
from institute.core.models import AuditEntry, OutboxMessage
from institute.core.states import history_of, transition
from institute.people.enums import Role
from tests.factories.donors import DonorFactory
from tests.factories.funding import active_pledge, offered_pledge, pledge_draft
from tests.factories.outbox import overheard
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_an_offered_pledge_has_terms_clauses_and_a_history() -> None:
    pledge = offered_pledge(now=NOW, hours=1000)
    terms = queries.current_terms(pledge)
    assert (pledge.status, terms.version, terms.amount) == (PledgeStatus.OFFERED, 1, 3_600_000)
    clauses = [(clause.clause_no, clause.kind) for clause in queries.restrictions_of(pledge)]
    assert clauses == [(1, RestrictionKind.PUBLISH_BY), (2, RestrictionKind.CITE)]
    assert history_of(pledge).count() == 1
    assert AuditEntry.objects.get(subject_id=pledge.public_id).action == "pledge.offer"


BAD = {
    "an empty title": {"title": " "},
    "a long title": {"title": "x" * 121},
    "a window that ends before it starts": {"window_ends_at": NOW - timedelta(days=2)},
    "a window that is over": {
        "window_starts_at": NOW - timedelta(days=9),
        "window_ends_at": NOW - timedelta(days=2),
    },
    "no type": {"terms": actions.TermsDraft(type_slug="", amount=1)},
    "a kind that is not built": {"terms": actions.TermsDraft(type_slug="x", amount=1, kind=TermsKind.CREDIT)},
    "an amount of zero": {"terms": actions.TermsDraft(type_slug="x", amount=0)},
    "an amount beyond the ledger": {"terms": actions.TermsDraft(type_slug="x", amount=10**16)},
    "a reserve above 100 per cent": {"terms": actions.TermsDraft(type_slug="x", amount=1, reserve_percent=101)},
    "a clause without text": {"restrictions": [actions.RestrictionDraft(RestrictionKind.CITE, " ")]},
    "publish-by without months": {"restrictions": [actions.RestrictionDraft(RestrictionKind.PUBLISH_BY, "soon")]},
    "publish-by in 200 months": {
        "restrictions": [actions.RestrictionDraft(RestrictionKind.PUBLISH_BY, "late", {"months": 200})]
    },
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_a_bad_promise_is_refused_and_nothing_is_written(fields: dict[str, object]) -> None:
    donor = DonorFactory.create()
    with pytest.raises(Refused):
        actions.offer_pledge(donor=donor, draft=pledge_draft(now=NOW, **fields), by=TESTER, now=NOW)
    assert not Pledge.objects.exists()


def test_an_erased_donor_can_give_no_more() -> None:
    donor = DonorFactory.create()
    transition(donor, DonorStatus.ERASED, by=TESTER)
    with pytest.raises(Refused, match="give no more"):
        offered_pledge(donor=donor)


def test_accepting_within_the_window_activates_at_once() -> None:
    pledge = active_pledge(now=NOW, hours=10)
    assert (pledge.status, pledge.accepted_at, pledge.activated_at) == (PledgeStatus.ACTIVE, NOW, NOW)
    message = OutboxMessage.objects.get(topic=PledgeActivated.topic())
    assert (message.subject, message.payload["amount"]) == (pledge.public_id, 36_000)


def test_accepting_before_the_window_waits_for_it() -> None:
    starts = NOW + timedelta(days=10)
    pledge = active_pledge(now=NOW, window_starts_at=starts)
    assert pledge.status == PledgeStatus.ACCEPTED
    with pytest.raises(Refused, match="not open"):
        actions.activate_pledge(pledge=pledge, by=TESTER, now=NOW)
    assert actions.activate_due_pledges(by=SYSTEM_SWEEP, now=starts - timedelta(seconds=1)) == 0
    assert actions.activate_due_pledges(by=SYSTEM_SWEEP, now=starts) == 1
    pledge.refresh_from_db()
    assert pledge.status == PledgeStatus.ACTIVE
    assert tasks.task_activate_due_pledges() == 0


def test_a_pledge_is_accepted_once() -> None:
    pledge = active_pledge(now=NOW)
    with pytest.raises(Conflict):
        actions.accept_pledge(pledge=pledge, by=TESTER, now=NOW)


def test_a_pledge_whose_window_is_over_cannot_be_accepted() -> None:
    pledge = offered_pledge(now=NOW)
    with pytest.raises(Refused, match="already over"):
        actions.accept_pledge(pledge=pledge, by=TESTER, now=NOW + timedelta(days=400))


def test_suspending_and_resuming_need_a_reason() -> None:
    pledge = active_pledge()
    with pytest.raises(Refused, match="reason"):
        actions.suspend_pledge(pledge=pledge, by=TESTER, reason=" ")
    assert actions.suspend_pledge(pledge=pledge, by=TESTER, reason="outage").status == PledgeStatus.SUSPENDED
    with pytest.raises(Refused, match="reason"):
        actions.resume_pledge(pledge=pledge, by=TESTER, reason="")
    assert actions.resume_pledge(pledge=pledge, by=TESTER, reason="mended").status == PledgeStatus.ACTIVE


def test_withdrawing_with_too_little_notice_is_refused() -> None:
    pledge = active_pledge(now=NOW)
    with pytest.raises(Refused, match="30 days' notice"):
        actions.withdraw_pledge(pledge=pledge, effective_at=NOW + timedelta(days=3), reason="sold", by=TESTER, now=NOW)
    pledge.refresh_from_db()
    assert pledge.status == PledgeStatus.ACTIVE


def test_an_irrevocable_pledge_cannot_be_withdrawn() -> None:
    pledge = active_pledge(now=NOW, is_irrevocable=True)
    with pytest.raises(Refused, match="irrevocable"):
        actions.withdraw_pledge(pledge=pledge, effective_at=NOW + timedelta(days=90), reason="sold", by=TESTER, now=NOW)


@pytest.mark.parametrize("make", [offered_pledge, active_pledge])
def test_a_withdrawn_pledge_can_be_closed(make: type) -> None:
    pledge = make(now=NOW)
    at = NOW + timedelta(days=31)
    pledge = actions.withdraw_pledge(pledge=pledge, effective_at=at, reason="sold", by=TESTER, now=NOW)
    assert (pledge.status, pledge.withdrawn_from) == (PledgeStatus.WITHDRAWN, at)
    with pytest.raises(Refused, match="reason"):
        actions.close_pledge(pledge=pledge, by=TESTER, reason="")
    assert actions.close_pledge(pledge=pledge, by=TESTER, reason="report filed").status == PledgeStatus.CLOSED


def test_every_step_leaves_its_trace_and_tells_later_apps() -> None:
    pledge, at = offered_pledge(now=NOW, hours=10), NOW + timedelta(days=31)
    with overheard(PledgeAccepted, PledgeActivated, PledgeSuspended, PledgeResumed, PledgeWithdrawn) as told:
        actions.accept_pledge(pledge=pledge, by=TESTER, now=NOW)
        actions.suspend_pledge(pledge=pledge, by=TESTER, reason="outage")
        actions.resume_pledge(pledge=pledge, by=TESTER, reason="mended")
        actions.withdraw_pledge(pledge=pledge, effective_at=at, reason="sold", by=TESTER, now=NOW)
        actions.close_pledge(pledge=pledge, by=TESTER, reason="report filed")
    one = pledge.public_id
    terms = queries.current_terms(pledge)
    assert told == [
        PledgeAccepted(one),
        PledgeActivated(one, terms.version, terms.type_slug, 36_000),
        PledgeSuspended(one),
        PledgeResumed(one),
        PledgeWithdrawn(one, at.isoformat()),
    ]
    steps = ["offer", "accept", "activate", "suspend", "resume", "withdraw", "close"]
    entries = AuditEntry.objects.filter(subject_id=one).order_by("id").values_list("action", flat=True)
    assert list(entries) == [f"pledge.{step}" for step in steps]
    said = history_of(pledge).order_by("id").values_list("to_status", "reason")
    assert list(said) == [
        *(("offered", ""), ("accepted", ""), ("active", ""), ("suspended", "outage")),
        *(("active", "mended"), ("withdrawn", "sold"), ("closed", "report filed")),
    ]


def test_a_pledge_is_irrevocable_for_its_donor_only_once_it_is_accepted() -> None:
    pledge = offered_pledge(now=NOW, is_irrevocable=True)
    actions.withdraw_pledge(pledge=pledge, effective_at=NOW, reason="a mistake", by=TESTER, now=NOW)
    assert Pledge.objects.get().status == PledgeStatus.WITHDRAWN


def test_the_days_of_notice_are_counted_to_the_second() -> None:
    pledge, day = active_pledge(now=NOW), NOW + timedelta(days=30)
    with pytest.raises(Refused, match="notice"):
        actions.withdraw_pledge(
            pledge=pledge, effective_at=day - timedelta(seconds=1), reason="sold", by=TESTER, now=NOW
        )
    assert actions.withdraw_pledge(pledge=pledge, effective_at=day, reason="sold", by=TESTER, now=NOW).withdrawn_from


def test_who_sees_which_pledges() -> None:
    pledge, other = offered_pledge(), offered_pledge()
    contact, now = user_with(Role.DONOR_CONTACT), timezone.now()
    grant_portal_access(donor=pledge.donor, user=contact, by=TESTER)
    later = now + timedelta(seconds=5)
    assert set(queries.pledges_visible_to(user_with(Role.FINANCE), now)) == {pledge, other}
    assert list(queries.pledges_visible_to(contact, later)) == [pledge]
    assert list(queries.pledges_visible_to(UserFactory.create(), later)) == []
    assert [contact.has_perm("funding.view_pledge", one) for one in (pledge, other, None)] == [True, False, False]


def test_pledges_ending_soon_come_soonest_first() -> None:
    late = active_pledge(now=NOW, window_ends_at=NOW + timedelta(days=80))
    soon = active_pledge(now=NOW, window_ends_at=NOW + timedelta(days=8))
    active_pledge(now=NOW)
    assert list(queries.pledges_ending_within(90, now=NOW)) == [soon, late]


def test_citations_are_found_for_several_pledges() -> None:
    one, two = active_pledge(cite="Thanks to A."), active_pledge(cite="")
    assert queries.cite_texts([one, two]) == [(one, "Thanks to A.")]


@pytest.mark.parametrize("model", [ComputeTerms, Restriction])
def test_terms_and_clauses_are_written_once(model: type) -> None:
    offered_pledge()
    with pytest.raises(Error, match="permission denied"):
        model.objects.update(created_by="x")


def test_the_database_refuses_a_window_that_ends_before_it_starts() -> None:
    pledge = offered_pledge(now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE funding_pledge SET window_ends_at = window_starts_at WHERE id = %s", [pledge.pk])
