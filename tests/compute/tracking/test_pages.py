"""Pages, panel and API of runs: who sees what, and what they show."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compute.tracking.actions.files import announce_files, upload_file
from compute.tracking.models import Run
from institute.people.actions import create_token
from institute.people.enums import Role, Scope
from institute.people.models import User
from tests.factories.people import TESTER, UserFactory, user_with
from tests.factories.tracking import (
    START,
    begun,
    events,
    history,
    lines,
    output,
    person_key,
    posted,
    run_of,
    run_of_new_job,
)

pytestmark = pytest.mark.django_db
PAGES = ("run-detail", "run-curves", "run-panel", "run-log", "run-log-text", "run-series")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def url(name: str, run: Run, **rest: str) -> str:
    return reverse(f"tracking:{name}", kwargs={"public_id": run.public_id, **rest})


@pytest.fixture
def told() -> Run:
    """A run of a job that has said everything it can."""
    run = begun(run_of_new_job(name="tiny"), config={"lr": 0.1, "_wandb": {"e": {"w": {"gpu": "H100"}}}})
    posted(run, history(lines(0, 400, acc=0.5)))
    posted(
        run,
        events(
            [
                json.dumps({"system.gpu.0.gpu": 50.0, "system.gpu.0.powerWatts": 100.0, "_timestamp": START + 10 * i})
                for i in range(9)
            ]
        ),
    )
    posted(run, output(["2026-11-24T10:00:00.1 <hello>", "ERROR 2026-11-24T10:00:00.2 oh"]))
    posted(run, {"files": {"wandb-summary.json": {"offset": 0, "content": ['{"loss": 0.0025}']}}})
    (file,) = announce_files(run=run, paths=["media/page.html"], by=TESTER)
    upload_file(file=file, chunks=[b"<script>1</script>"])
    return run


@pytest.fixture
def operator() -> User:
    return user_with(Role.OPERATIONS)


@pytest.mark.parametrize("name", PAGES)
def test_pages_show_themselves_to_staff_and_to_nobody_else(told: Run, operator: User, name: str) -> None:
    address = url(name, told)
    assert signed_in(operator).get(address).status_code == 200
    assert signed_in(UserFactory.create()).get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_page_shows_curves_console_summary_config_files_and_the_machine(told: Run, operator: User) -> None:
    page = signed_in(operator).get(url("run-detail", told)).content.decode()
    for text in ("<svg", "acc", "&lt;hello&gt;", "0.0025", "lr", "media/page.html", "H100", "Utilisation", "100 %"):
        assert text in page, text
    assert "_wandb" not in page


def test_page_of_a_run_that_said_nothing_says_so(operator: User) -> None:
    page = signed_in(operator).get(url("run-detail", run_of_new_job())).content.decode()
    assert "No numbers yet" in page
    assert "Nothing was printed yet" in page


def test_page_warns_of_gaps_limits_and_silence(operator: User) -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(5, 1), offset=0))
    posted(run, history(lines(9, 1), offset=4))
    Run.objects.filter(pk=run.pk).update(status="lost", values_dropped=7)
    page = signed_in(operator).get(url("run-detail", run)).content.decode()
    assert "3 lines have not arrived" in page
    assert "7 values were beyond" in page
    assert "Nothing was heard for five minutes" in page


def test_metrics_are_searched_by_name(told: Run, operator: User) -> None:
    client = signed_in(operator)
    assert client.get(url("run-curves", told), {"metric": "acc"}).content.decode().count("<h2>") == 1
    assert "No metric has this in its name" in client.get(url("run-curves", told), {"metric": "zzz"}).content.decode()


def test_uploaded_page_is_a_download_that_no_browser_runs(told: Run, operator: User) -> None:
    answer = signed_in(operator).get(url("run-file", told, path="media/page.html"))
    assert b"".join(answer.streaming_content) == b"<script>1</script>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert signed_in(operator).get(url("run-file", told, path="other")).status_code == 404


def test_series_are_columns_with_a_cursor(told: Run, operator: User) -> None:
    client = signed_in(operator)
    body = client.get(url("run-series", told), {"keys": "acc", "buckets": "10", "from": "100", "to": "199"}).json()
    assert (list(body["series"]), body["line"], body["status"]) == (["acc"], 400, "running")
    assert (body["series"]["acc"]["steps"][0], body["series"]["acc"]["steps"][-1]) == (100, 199)
    both = client.get(url("run-series", told), {"keys": "acc,loss", "after_line": "398"}).json()["series"]
    assert both["loss"]["steps"] == {"start": 398, "stride": 1, "n": 2}
    machine = client.get(url("run-series", told), {"stream": "events"}).json()["series"]
    assert set(machine) == {"_timestamp", "system.gpu.0.gpu", "system.gpu.0.powerWatts"}


@pytest.mark.parametrize(
    "query", [{"from": "-1"}, {"to": "x"}, {"buckets": "1"}, {"buckets": "99999"}, {"after_line": "9" * 30}]
)
def test_series_refuse_what_is_no_number(told: Run, operator: User, query: dict[str, str]) -> None:
    answer = signed_in(operator).get(url("run-series", told), query)
    assert (answer.status_code, "error" in answer.json()) == (400, True)


def test_published_run_shows_its_numbers_to_anybody_and_nothing_else(
    told: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compute.tracking.ports.is_published", lambda run: True)
    for client in (Client(), signed_in(UserFactory.create())):
        page = client.get(url("run-detail", told)).content.decode()
        assert "<svg" in page
        assert "hello" not in page
        assert "media/page.html" not in page
    assert Client().get("/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV").status_code == 302


def test_port_of_published_runs_is_asked_where_it_is_filled(told: Run, settings: Any) -> None:
    from compute.tracking import ports

    settings.PORTS = {**settings.PORTS, ports.IS_PUBLISHED: "builtins.bool"}
    from institute.core.ports import filler

    filler.cache_clear()
    assert ports.is_published(told) is True
    filler.cache_clear()
    settings.PORTS = {name: path for name, path in settings.PORTS.items() if name != ports.IS_PUBLISHED}
    assert ports.is_published(told) is False
    filler.cache_clear()


def test_stop_asks_an_own_run_and_a_job_through_the_job(told: Run) -> None:
    user = UserFactory.create()
    own = begun(run_of(user))
    assert signed_in(user).post(url("run-stop", own)).status_code == 302
    own.refresh_from_db()
    assert own.stop_requested_by == f"person:{user.public_id}"
    assert signed_in(user_with(Role.ADMIN)).post(url("run-stop", told)).status_code == 302
    told.job.refresh_from_db()
    assert told.job.stop_requested_at is not None
    assert signed_in(user_with(Role.FINANCE)).post(url("run-stop", told)).status_code == 403
    assert signed_in(user).get(url("run-stop", own)).status_code == 405


def test_list_shows_own_runs_and_asks_as_often_for_three_as_for_one() -> None:
    user = UserFactory.create()
    client, counts = signed_in(user), []
    client.get(reverse("tracking:run-list"))
    run_of(UserFactory.create(), name="foreign")
    for wanted in (1, 3):
        for i in range(wanted):
            run_of(user, name=f"run{i}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = client.get(reverse("tracking:run-list")).content.decode()
        counts.append(len(queries))
        assert page.count("/runs/01") == wanted
        assert "foreign" not in page
    assert counts[0] == counts[1]
    assert Client().get(reverse("tracking:run-list")).status_code == 302


def test_page_asks_as_often_for_many_metrics_as_for_one(operator: User) -> None:
    counts = []
    for names in (["a"], [f"m{i}" for i in range(30)]):
        run = begun(run_of_new_job())
        posted(run, history(lines(0, 3, **dict.fromkeys(names, 1.0))))
        client = signed_in(operator)
        client.get(url("run-detail", run))
        with CaptureQueriesContext(connection) as queries:
            client.get(url("run-detail", run))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_address_that_the_sdk_prints_leads_to_the_page(told: Run, operator: User) -> None:
    address = f"/wandb/{told.run_project.project.handle}/{told.run_project.name}/runs/{told.name}"
    assert signed_in(operator).get(address).headers["Location"] == url("run-detail", told)
    assert signed_in(UserFactory.create()).get(address).status_code == 404
    assert signed_in(operator).get("/wandb/nobody/x/runs/y").status_code == 404
    assert Client().get(address).status_code == 302


def test_api_lists_runs_and_reads_their_parts(told: Run, operator: User) -> None:
    _, key = create_token(
        user=operator,
        name="api",
        scopes=[Scope.READ],
        expires_at=told.created_at + timedelta(hours=1),
        by=operator.actor,
    )
    client = Client(headers={"Authorization": f"Bearer {key}"})
    (row,) = client.get("/api/v1/runs").json()["results"]
    assert (row["id"], row["job"], row["name"]) == (told.public_id, told.job.public_id, "tiny")
    detail = client.get(f"/api/v1/runs/{told.public_id}").json()
    assert (detail["lines"], detail["summary"]) == (400, {"loss": 0.0025})
    assert client.get(f"/api/v1/runs/{told.public_id}/series?keys=acc&buckets=5").json()["line"] == 400
    assert client.get(f"/api/v1/runs/{told.public_id}/series?from=x").status_code == 422
    log = client.get(f"/api/v1/runs/{told.public_id}/log?after=1").json()
    assert (log["lines"], log["after"], log["length"]) == (["ERROR 2026-11-24T10:00:00.2 oh"], 2, 2)
    assert client.get(f"/api/v1/runs/{told.public_id}/log?after=9").json()["after"] == 9
    assert client.get(f"/api/v1/runs/{told.public_id}/log?limit=0").status_code == 400
    (file,) = client.get(f"/api/v1/runs/{told.public_id}/files").json()["results"]
    content = client.get(f"/api/v1/runs/{told.public_id}/files/{file['id']}")
    assert b"".join(content.streaming_content) == b"<script>1</script>"
    stranger = Client(headers={"Authorization": f"Bearer {person_key(UserFactory.create(), Scope.READ)}"})
    for path in ("", "/series", "/log", "/files"):
        assert stranger.get(f"/api/v1/runs/{told.public_id}{path}").status_code == 404
    assert Client().get("/api/v1/runs").status_code == 401


def test_panel_stands_on_the_jobs_page(told: Run, operator: User) -> None:
    from compute.tracking.panels import job_panel
    from tests.factories.jobs import submitted_job

    assert "compute.tracking.panels.job_panel" in settings.PANELS["jobs.job"]
    assert "<svg" in job_panel(told.job, request=None)
    assert job_panel(submitted_job(), request=None) == ""
    assert "appears with the first step" in job_panel(run_of_new_job().job, request=None)


def test_back_office_shows_runs_and_changes_nothing(told: Run) -> None:
    client = signed_in(user_with(Role.ADMIN))
    for model in ("run", "runproject", "runwriter", "runfile"):
        assert client.get(f"/admin/tracking/{model}/").status_code == 200
    assert client.get(f"/admin/tracking/run/{told.pk}/change/").status_code == 200
    assert client.post(f"/admin/tracking/run/{told.pk}/change/", {}).status_code == 403
