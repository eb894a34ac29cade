"""The API's furniture: what no view serves, and what the OpenAPI file says of verbs."""

import pytest
from django.test import Client

from tests.hostile.operations import operations

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["nothing", "pledges/", "pledges/x/y/z", "", "models/tree/main"])
def test_what_the_api_does_not_serve_is_a_problem(method: str, path: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:headwaters:problem:not-found",
        "title": "not-found",
        "status": 404,
        "detail": "The API has nothing at this address.",
    }


def test_an_object_that_is_not_there_is_the_same_problem() -> None:
    answer = Client().get("/api/v1/artifacts/nothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:headwaters:problem:not-found")


def test_each_verb_shows_its_own_input() -> None:
    shown = {
        operation.path.rpartition("/")[2]: set(operation.properties or ())
        for operation in operations()
        if operation.path.startswith("/api/v1/pledges/")
    }
    assert shown == {
        "accept": set(),
        "suspend": {"reason"},
        "resume": {"reason"},
        "withdraw": {"reason", "effective_at"},
        "close": {"reason"},
    }


def test_verbs_without_input_show_none() -> None:
    rooms = ("memberships", "obligations", "pledges", "publications", "requests", "revisions", "tokens")
    shown = [operation for operation in operations() if operation.path.split("/")[3] in rooms]
    assert {str(operation) for operation in shown if not operation.takes_body} == {
        "POST /api/v1/memberships/{public_id}/end",
        "POST /api/v1/obligations/{public_id}/accept",
        "POST /api/v1/pledges/{public_id}/accept",
        "POST /api/v1/publications/{public_id}/approve",
        "POST /api/v1/publications/{public_id}/propose",
        "POST /api/v1/requests/{public_id}/submit",
        "POST /api/v1/requests/{public_id}/withdraw",
        "POST /api/v1/revisions/{public_id}/acknowledge",
        "POST /api/v1/revisions/{public_id}/adopt",
        "POST /api/v1/revisions/{public_id}/approve",
        "POST /api/v1/revisions/{public_id}/propose",
        "POST /api/v1/tokens/{public_id}/revoke",
    }


def test_a_problem_is_json_where_the_view_writes_yaml() -> None:
    answer = Client().post("/api/v1/schema/", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["title"]) == (405, "method-not-allowed")


def test_a_key_that_is_no_text_is_not_known() -> None:
    answer = Client(headers={"Authorization": "Basic \u202e"}).get("/api/v1/me")
    assert (answer.status_code, answer.json()["title"]) == (401, "authentication-failed")
