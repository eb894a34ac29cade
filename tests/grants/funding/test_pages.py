"""The grants desk in a browser's shoes: forms keep what was typed, lists cost the same at any length."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from grants.donors.actions import grant_portal_access
from grants.donors.models import Donor
from grants.funding import actions
from grants.funding.actions import Evidence
from grants.funding.enums import ObligationKind, PledgeStatus
from grants.funding.models import Pledge
from institute.people.enums import Role
from institute.people.models import User
from tests.factories.donors import DonorFactory
from tests.factories.funding import active_pledge, offered_pledge
from tests.factories.people import TESTER, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> User:
    return user_with(Role.GRANTS_OFFICER)


@pytest.fixture
def desk(client: Client, officer: User) -> Client:
    client.force_login(officer)
    return client


def entered(giver: Donor, **changes: Any) -> dict[str, Any]:
    return {
        "donor": giver.public_id,
        "title": "Hosts",
        "type_slug": "cpu-host",
        "hours": 100,
        "window_starts_at": "2026-01-01",
        "window_ends_at": "2099-12-31",
        "service_class": "on_demand",
        "notice_days": 30,
        "reserve_percent": 2,
        "policy": "hard",
        "cite_text": "Thanks.",
        "publish_by_months": 12,
        "open_licence": "on",
        **changes,
    }


@pytest.fixture(autouse=True)
def host_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forms offer one type, whatever capacity knows."""
    monkeypatch.setattr("grants.funding.forms.accelerator_types", lambda: [("cpu-host", "Host")])


def test_a_pledge_is_entered_and_accepted(desk: Client) -> None:
    answer = desk.post(reverse("funding:pledge-create"), entered(DonorFactory.create()), follow=True)
    pledge = Pledge.objects.get()
    assert "Accept the pledge" in answer.text
    assert pledge.window_ends_at.isoformat() == "2100-01-01T00:00:00+00:00"
    assert pledge.restrictions.count() == 3
    answer = desk.post(reverse("funding:pledge-accept", args=[pledge.public_id]), follow=True)
    pledge.refresh_from_db()
    assert pledge.status == PledgeStatus.ACTIVE
    assert "active" in answer.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hours": "-5"}, "greater than or equal to 1"),
        ({"hours": "9" * 30}, "less than or equal to"),
        ({"hours": "many"}, "whole number"),
        ({"donor": "x"}, "Select a valid choice"),
        ({"window_ends_at": "2020-01-01"}, "ends before it starts"),
        ({"title": ""}, "required"),
    ],
)
def test_wrong_input_is_told_beside_the_field_and_kept(desk: Client, changes: dict[str, Any], message: str) -> None:
    form = entered(DonorFactory.create(), note="keep me", **changes)
    answer = desk.post(reverse("funding:pledge-create"), form)
    assert answer.status_code == 422
    assert message in answer.text
    assert "keep me" in answer.text
    assert not Pledge.objects.exists()


@pytest.mark.parametrize("verb", ["suspend", "withdraw", "close"])
def test_decisions_ask_for_a_reason(desk: Client, verb: str) -> None:
    pledge = active_pledge()
    url = reverse(f"funding:pledge-{verb}", args=[pledge.public_id])
    assert "required" in desk.post(url, {"reason": " "}).text
    form = {"reason": "because", "effective_on": "2099-01-01"}
    assert desk.post(url, form).status_code == 302


def test_a_suspended_pledge_is_resumed(desk: Client) -> None:
    pledge = active_pledge()
    actions.suspend_pledge(pledge=pledge, by=TESTER, reason="outage")
    desk.post(reverse("funding:pledge-resume", args=[pledge.public_id]), {"reason": "mended"})
    pledge.refresh_from_db()
    assert pledge.status == PledgeStatus.ACTIVE


def test_a_withdrawal_with_too_little_notice_keeps_the_form(desk: Client) -> None:
    url = reverse("funding:pledge-withdraw", args=[active_pledge().public_id])
    answer = desk.post(url, {"reason": "sold", "effective_on": "2026-01-02"})
    assert "days&#x27; notice" in answer.text


def test_a_proposed_fulfilment_is_accepted_or_sent_back_on_the_page(desk: Client) -> None:
    pledge = active_pledge()
    duties = actions.open_obligations(pledge=pledge, project_id="P", first_used_at=pledge.created_at, by=TESTER)
    kinds = {ObligationKind.PUBLICATION, ObligationKind.CREDIT}
    evidence = Evidence("R", "lowres/tiny", "/lowres/tiny")
    actions.propose_fulfilment(pledge=pledge, project_id="P", kinds=kinds, evidence=evidence, by=TESTER)
    page = reverse("funding:pledge-detail", args=[pledge.public_id])
    assert "lowres/tiny" in desk.get(page).text
    desk.post(reverse("funding:obligation-accept", args=[duties[0].public_id]))
    desk.post(reverse("funding:obligation-send-back", args=[duties[1].public_id]), {"reason": "no"})
    assert [duty.status for duty in pledge.obligations.order_by("pk")] == ["accepted", "due"]


@pytest.mark.parametrize("url_name", ["funding:pledge-list", "funding:obligation-list"])
def test_lists_cost_the_same_with_one_and_three_rows(desk: Client, url_name: str) -> None:
    def add() -> None:
        pledge = active_pledge()
        actions.open_obligations(pledge=pledge, project_id="P", first_used_at=pledge.created_at, by=TESTER)

    add()
    desk.get(reverse(url_name))
    one = _count(desk, url_name)
    add()
    add()
    assert _count(desk, url_name) == one <= 15


def _count(desk: Client, url_name: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        desk.get(reverse(url_name))
    return len(captured)


def test_a_donors_contact_sees_the_donors_pledges_only(client: Client) -> None:
    mine, other = offered_pledge(), offered_pledge()
    contact = user_with(Role.DONOR_CONTACT)
    grant_portal_access(donor=mine.donor, user=contact, by=TESTER)
    client.force_login(contact)
    assert mine.donor.name in client.get(reverse("funding:pledge-list")).text
    assert other.donor.name not in client.get(reverse("funding:pledge-list")).text
    assert client.get(reverse("funding:pledge-detail", args=[mine.public_id])).status_code == 200
    assert client.get(reverse("funding:pledge-detail", args=[other.public_id])).status_code == 404
    assert client.post(reverse("funding:pledge-accept", args=[mine.public_id])).status_code == 403
