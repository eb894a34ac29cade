"""The API of projects, requests, allocations and hours."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compute.allocations import actions
from compute.allocations.enums import MemberRole
from compute.allocations.models import Allocation, Project, Request
from compute.allocations.queries import balances_of_allocation
from institute.people.enums import Role
from institute.people.models import User
from tests.factories.allocations import (
    allocation_with,
    pledge_with_hours,
    project_with,
    request_draft,
    source_of,
    submitted_request,
)
from tests.factories.capacity import accelerator_type
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


@pytest.fixture
def lead() -> User:
    return UserFactory.create(email="ada@example.org")


@pytest.fixture
def project(lead: User) -> Project:
    return project_with(lead=lead, handle="river")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk() -> Client:
    return signed_in(user_with(Role.OPERATIONS))


def post(client: Client, path: str, body: object, **headers: str) -> Any:
    return client.post(f"{V1}/{path}", body, content_type="application/json", headers=headers)


def line(**changes: Any) -> dict[str, Any]:
    now = timezone.now()
    values = {"type": "cpu-host", "runs": 2, "accelerators": 3, "hours": "1.50", "starts_at": now}
    return values | {"ends_at": now + timedelta(days=9)} | changes


def asked(project: Project, **changes: Any) -> dict[str, Any]:
    return {
        "project": project.public_id,
        "justification": "Rivers.",
        "accepts_publishing": True,
        "lines": [line()],
        **changes,
    }


def test_operations_enter_a_project_once(desk: Client, lead: User) -> None:
    body = {"title": "Sea", "handle": "sea", "lead": "ada@example.org", "fields_of_research": ["NLP"]}
    first = post(desk, "projects", body, **{"Idempotency-Key": "k"})
    assert first.status_code == 201
    assert first.json()["fields_of_research"] == ["nlp"]
    assert post(desk, "projects", body, **{"Idempotency-Key": "k"}).json() == first.json()
    assert post(desk, "projects", body).status_code == 409
    assert Project.objects.count() == 1
    assert post(signed_in(lead), "projects", body).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"handle": "../x"},
        {"handle": "projects"},
        {"lead": "nobody@example.org"},
        {"lead": 7},
        {"purpose": "war"},
        {"fields_of_research": "nlp"},
    ],
)
def test_a_wrong_project_is_a_clear_4xx(desk: Client, lead: User, changes: dict[str, Any]) -> None:
    body = {"title": "Sea", "handle": "sea", "lead": "ada@example.org"} | changes
    answer = post(desk, "projects", body)
    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"
    assert Project.objects.count() == 0


def test_a_project_is_read_changed_and_archived(desk: Client, lead: User, project: Project) -> None:
    mine = signed_in(lead)
    path = f"{V1}/projects/{project.public_id}"
    assert mine.get(path).json()["handle"] == "river"
    changed = mine.patch(path, {"data_class": "personal"}, content_type="application/json")
    assert changed.json()["data_class"] == "personal"
    assert signed_in(UserFactory.create()).get(path).status_code == 404
    assert Client().get(path).status_code == 401
    assert post(mine, f"projects/{project.public_id}/archive", {"reason": "x"}).status_code == 403
    assert post(desk, f"projects/{project.public_id}/archive", {}).status_code == 400
    assert post(desk, f"projects/{project.public_id}/archive", {"reason": "x"}).json()["status"] == "archived"


def test_members_are_added_and_ended(lead: User, project: Project) -> None:
    mine, other = signed_in(lead), UserFactory.create()
    path = f"projects/{project.public_id}/members"
    added = post(mine, path, {"email": other.email})
    assert added.status_code == 201
    assert [row["role"] for row in mine.get(f"{V1}/{path}").json()["results"]] == ["member", "lead"]
    member = signed_in(other)
    assert post(member, path, {"email": "x"}).status_code == 403
    ending = f"memberships/{added.json()['id']}/end"
    assert post(signed_in(UserFactory.create()), ending, {}).status_code == 404
    assert post(mine, ending, {}).status_code == 200
    assert post(mine, ending, {}).status_code == 409


def test_a_request_goes_from_draft_to_award(desk: Client, lead: User, project: Project) -> None:
    pledge = pledge_with_hours(seconds=100_000)
    mine = signed_in(lead)
    drafted = post(mine, "requests", asked(project))
    assert drafted.status_code == 201
    request_id, stored = drafted.json()["id"], drafted.json()["lines"][0]
    assert stored["amount_requested"] == 2 * 3 * 5400
    assert desk.get(f"{V1}/requests/{request_id}").status_code == 404
    changed = mine.put(
        f"{V1}/requests/{request_id}", asked(project, lines=[line(runs=1)]), content_type="application/json"
    )
    assert changed.json()["lines"][0]["amount_requested"] == 3 * 5400
    assert post(mine, f"requests/{request_id}/submit", {}).json()["status"] == "submitted"
    assert post(mine, f"requests/{request_id}/decline", {"reason": "x"}).status_code == 403
    now = timezone.now()
    award = {
        "sources": [{"line": changed.json()["lines"][0]["id"], "pledge": pledge.public_id, "amount": 10_000}],
        "starts_at": now,
        "ends_at": now + timedelta(days=30),
    }
    assert post(mine, f"requests/{request_id}/approve", award).status_code == 403
    foreign = award | {"sources": [award["sources"][0] | {"line": "x"}]}
    assert post(desk, f"requests/{request_id}/approve", foreign).status_code == 422
    greedy = award | {"sources": [award["sources"][0] | {"amount": 10**14}]}
    assert post(desk, f"requests/{request_id}/approve", greedy).status_code == 422
    assert Allocation.objects.count() == 0
    allocated = post(desk, f"requests/{request_id}/approve", award)
    assert allocated.status_code == 201
    shown = mine.get(f"{V1}/allocations/{allocated.json()['id']}").json()
    assert [(row["usable"], row["reason"]) for row in shown["sources"]] == [(10_000, None)]
    assert shown["sources"][0]["balances"]["awarded"] == 10_000
    assert (
        shown["sources"][0]["failing_clauses"]
        == ["Clause 1 of pledge Hosts 2026: “Publish within 12 months.” Declared: publishing not accepted."]
        or shown["sources"][0]["failing_clauses"] == []
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"justification": ""},
        {"lines": []},
        {"lines": [line(runs=-1)]},
        {"lines": [line(runs=10**12)]},
        {"lines": [line(hours="0.001")]},
        {"lines": [line(hours="NaN")]},
        {"lines": [line(type="none-such")]},
        {"lines": [line(starts_at="2026-02-30")]},
        {"lines": [line(ends_at="2000-01-01T00:00:00Z")]},
        {"kind": "gift"},
        {"accepts_publishing": "perhaps"},
        {"lines": [line()] * 21},
    ],
)
def test_a_wrong_request_is_a_clear_4xx(lead: User, project: Project, changes: dict[str, Any]) -> None:
    accelerator_type()
    answer = post(signed_in(lead), "requests", asked(project, **changes))
    assert answer.status_code in {400, 422}
    assert Request.objects.count() == 0


def test_requests_of_others_are_not_there(lead: User, project: Project) -> None:
    accelerator_type()
    stranger = signed_in(UserFactory.create())
    assert post(stranger, "requests", asked(project)).status_code == 404
    drafted = actions.draft_request(project=project, draft=request_draft(), by=TESTER)
    assert post(stranger, f"requests/{drafted.public_id}/submit", {}).status_code == 404
    assert stranger.get(f"{V1}/requests").json()["results"] == []
    member = UserFactory.create()
    actions.add_member(project=project, user=member, role=MemberRole.MEMBER, by=TESTER)
    assert post(signed_in(member), "requests", asked(project)).status_code == 403


@pytest.mark.parametrize(("verb", "status"), [("decline", "declined"), ("return", "returned")])
def test_decisions_need_a_reason(desk: Client, verb: str, status: str) -> None:
    waiting = submitted_request()
    path = f"requests/{waiting.public_id}/{verb}"
    assert post(desk, path, {}).status_code == 400
    assert post(desk, path, {"reason": "x"}).json()["status"] == status
    assert post(desk, path, {"reason": "x"}).status_code == 409


def test_allocations_are_frozen_closed_and_locked(desk: Client, lead: User, project: Project) -> None:
    allocation = allocation_with(seconds=3600, project=project)
    path = f"allocations/{allocation.public_id}"
    assert post(signed_in(lead), f"{path}/freeze", {"reason": "x"}).status_code == 403
    for verb, status in (("freeze", "frozen"), ("unfreeze", "active"), ("close", "closed")):
        assert post(desk, f"{path}/{verb}", {"reason": "x"}).json()["status"] == status
    source = source_of(allocation)
    locked = post(desk, f"sources/{source.public_id}/lock", {"reason": "audit"})
    assert locked.json()["sources"][0]["locked_reason"] == "audit"
    assert post(signed_in(lead), f"sources/{source.public_id}/lock", {"reason": ""}).status_code == 403
    assert desk.get(f"{V1}/allocations?status=closed").json()["results"][0]["id"] == allocation.public_id


def test_movements_are_for_staff(desk: Client, lead: User, project: Project) -> None:
    allocation = allocation_with(seconds=3600, project=project)
    pledge = source_of(allocation).pledge
    pledge_with_hours(seconds=5)
    rows = desk.get(f"{V1}/hours-transactions?pledge={pledge.public_id}").json()["results"]
    assert [(row["kind"], sum(part["quantity"] for part in row["lines"])) for row in rows] == [
        ("award", 0),
        ("deposit", 0),
    ]
    assert len(desk.get(f"{V1}/hours-transactions?kind=deposit").json()["results"]) == 2
    assert desk.get(f"{V1}/hours-transactions?pledge=x").status_code == 404
    assert signed_in(lead).get(f"{V1}/hours-transactions").status_code == 403
    assert balances_of_allocation(allocation).available == 3600


@pytest.mark.parametrize("path", ["projects", "requests", "allocations", "hours-transactions"])
def test_lists_cost_the_same_at_any_length(desk: Client, path: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(f"{V1}/{path}").status_code == 200
        return len(captured)

    allocation_with(seconds=3600)
    cost()
    first = cost()
    allocation_with(seconds=3600)
    allocation_with(seconds=3600)
    assert cost() == first <= 15
