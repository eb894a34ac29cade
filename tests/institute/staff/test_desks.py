"""The first page of the day, the outbox and the audit trail."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compute.allocations import queries as allocations
from grants.funding import actions as funding
from institute.core import outbox
from institute.core.enums import OutboxStatus
from institute.core.models import AuditEntry, OutboxMessage
from institute.people.enums import Role
from institute.staff import queries
from tests.factories.capacity import accelerator_type
from tests.factories.funding import active_pledge
from tests.factories.people import TESTER, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(user_with(Role.OPERATIONS))
    return client


def dead_letter() -> OutboxMessage:
    return OutboxMessage.objects.create(
        event_id="E" * 26,
        topic="x.Happened",
        subject="S",
        receiver="x.receivers.take",
        payload={},
        status=OutboxStatus.DEAD,
        error="RuntimeError: no",
    )


def test_the_figures_of_today_are_the_ledgers(desk: Client) -> None:
    pledge = active_pledge(hours=100)
    outbox.relay()
    (row,) = queries.today(timezone.now()).pledges
    assert row.balances == allocations.balances_of_pledge(pledge)
    assert (row.balances.deposited, row.left) == (360_000, 360_000)
    body = desk.get("/api/v1/today").json()
    assert body["pledges"][0]["deposited"] == 360_000
    assert "100" in desk.get(reverse("staff:dashboard")).text


def test_an_empty_institute_has_a_first_page(desk: Client) -> None:
    page = desk.get(reverse("staff:dashboard"))
    assert page.status_code == 200
    assert "No pledge is open." in page.text
    assert reverse("capacity:type-create") in page.text
    assert reverse("donors:donor-create") not in page.text  # the grants desk's work
    accelerator_type()
    page = desk.get(reverse("staff:dashboard"))
    assert reverse("capacity:type-create") not in page.text
    assert reverse("capacity:provider-create") in page.text


def _count(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse("staff:dashboard"))
    return len(captured)


def test_the_first_page_costs_the_same_with_one_and_three_pledges(desk: Client) -> None:
    def add() -> None:
        pledge = active_pledge()
        funding.open_obligations(pledge=pledge, project_id="P", first_used_at=pledge.created_at, by=TESTER)

    add()
    desk.get(reverse("staff:dashboard"))
    one = _count(desk)
    add()
    add()
    assert _count(desk) == one
    assert one <= 15


def test_a_dead_letter_is_tried_again_by_a_person(desk: Client) -> None:
    letter = dead_letter()
    assert "RuntimeError: no" in desk.get(reverse("staff:outbox-list")).text
    desk.post(reverse("staff:letter-retry", args=[letter.event_id, letter.pk]))
    letter.refresh_from_db()
    assert letter.status == OutboxStatus.PENDING
    assert AuditEntry.objects.get(action="outbox.retry").details["event"] == letter.event_id


def test_giving_a_letter_up_needs_a_reason(desk: Client) -> None:
    letter = dead_letter()
    url = reverse("staff:letter-discard", args=[letter.event_id, letter.pk])
    assert desk.post(url, {"reason": " "}).status_code == 422
    desk.post(url, {"reason": "the subject is gone"})
    letter.refresh_from_db()
    assert letter.status == OutboxStatus.DISCARDED
    details = AuditEntry.objects.get(action="outbox.discard").details
    assert details == {"event": letter.event_id, "reason": "the subject is gone"}


def test_finance_sees_letters_and_decides_none(client: Client) -> None:
    letter = dead_letter()
    client.force_login(user_with(Role.FINANCE))
    assert client.get(reverse("staff:outbox-list")).status_code == 200
    assert client.post(reverse("staff:letter-retry", args=[letter.event_id, letter.pk])).status_code == 403


def test_the_audit_trail_is_listed_newest_first(desk: Client) -> None:
    active_pledge()
    text = desk.get(reverse("staff:audit-list")).text
    assert text.index("pledge.activate") < text.index("pledge.accept") < text.index("pledge.offer")
