"""Tokens at the door of the API: scopes, expiry, problem+json, idempotency keys."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from institute.people import actions
from institute.people.enums import Role, Scope
from institute.people.models import ApiToken
from tests.factories.people import TESTER, user_with

pytestmark = pytest.mark.django_db


def bearer(*scopes: Scope, role: Role = Role.GRANTS_OFFICER) -> dict[str, str]:
    _, token = actions.create_token(
        user=user_with(role), name="t", scopes=scopes, expires_at=timezone.now() + timedelta(days=1), by=TESTER
    )
    return {"Authorization": f"Bearer {token}"}


def test_a_token_says_who_is_calling(client: Client) -> None:
    body = client.get("/api/v1/me", headers=bearer(Scope.READ)).json()
    assert (body["roles"], body["scopes"]) == (["grants_officer"], ["read"])


def test_basic_authentication_carries_the_token_as_password(client: Client) -> None:
    token = bearer(Scope.READ)["Authorization"].removeprefix("Bearer ")
    basic = base64.b64encode(f"api:{token}".encode()).decode()
    assert client.get("/api/v1/me", headers={"Authorization": f"Basic {basic}"}).status_code == 200


@pytest.mark.parametrize("header", ["Bearer x", "Bearer hw-" + "a" * 40, "Basic !!!", "Basic " + "YTpi"])
def test_an_unknown_token_is_a_clear_401(client: Client, header: str) -> None:
    answer = client.get("/api/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert "Make a new one" in answer.json()["detail"]


def test_nobody_gets_in_without_a_token(client: Client) -> None:
    assert client.get("/api/v1/me").status_code == 401


def test_reading_does_not_open_writing(client: Client) -> None:
    answer = client.post("/api/v1/donors", {"name": "A"}, "application/json", headers=bearer(Scope.READ))
    assert answer.status_code == 403


def test_a_scope_does_not_replace_a_role(client: Client) -> None:
    headers = bearer(Scope.WRITE, role=Role.RESEARCHER)
    assert client.post("/api/v1/donors", {"name": "A"}, "application/json", headers=headers).status_code == 403


def enter(client: Client, headers: dict[str, str], **body: Any) -> Any:
    return client.post("/api/v1/donors", json.dumps({"name": "A"} | body), "application/json", headers=headers)


def test_a_repeated_post_with_the_same_key_changes_nothing(client: Client) -> None:
    headers = bearer(Scope.WRITE) | {"Idempotency-Key": "k1"}
    first, second = enter(client, headers), enter(client, headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotent-Replay"] == "true"


def test_the_same_key_for_another_body_is_a_conflict(client: Client) -> None:
    headers = bearer(Scope.WRITE) | {"Idempotency-Key": "k1"}
    enter(client, headers)
    assert enter(client, headers, name="B").status_code == 409


def test_a_failed_post_leaves_the_key_free(client: Client) -> None:
    headers = bearer(Scope.WRITE) | {"Idempotency-Key": "k1"}
    assert enter(client, headers, name="").status_code == 400
    assert enter(client, headers, name="A").status_code == 201


def test_an_endless_key_is_refused(client: Client) -> None:
    assert enter(client, bearer(Scope.WRITE) | {"Idempotency-Key": "k" * 256}).status_code == 422


@pytest.mark.parametrize("body", ["", "[]", "nonsense", '{"name": NaN}', '{"name": {"a": 1}}', '{"name": "a\\u0000"}'])
def test_a_body_that_is_no_donor_is_a_400(client: Client, body: str) -> None:
    answer = client.post("/api/v1/donors", body, "application/json", headers=bearer(Scope.WRITE))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_tokens_are_made_listed_and_revoked(client: Client) -> None:
    headers = bearer(Scope.WRITE, Scope.READ)
    made = client.post(
        "/api/v1/tokens", {"name": "x", "scopes": ["runs"], "days": 3}, "application/json", headers=headers
    ).json()
    listed = client.get("/api/v1/tokens", headers=headers).json()["results"]
    assert [row["name"] for row in listed] == ["x", "t"]
    assert "token" not in listed[0]
    client.post(f"/api/v1/tokens/{made['id']}/revoke", headers=headers)
    assert ApiToken.objects.get(public_id=made["id"]).revoked_at is not None


def test_another_persons_token_is_not_there(client: Client) -> None:
    bearer(Scope.READ, role=Role.RESEARCHER)
    foreign = ApiToken.objects.get()
    answer = client.post(f"/api/v1/tokens/{foreign.public_id}/revoke", headers=bearer(Scope.WRITE))
    assert answer.status_code == 404


def test_a_job_token_opens_none_of_peoples_endpoints(client: Client) -> None:
    expires = timezone.now() + timedelta(days=1)
    _, token = actions.issue_job_token(job_id="J" * 26, name="a", expires_at=expires, by=TESTER)
    headers = {"Authorization": f"Bearer {token}"}
    for url in ("/api/v1/me", "/api/v1/tokens", "/api/v1/pledges"):
        assert client.get(url, headers=headers).status_code == 403
