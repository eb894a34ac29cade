"""The intake over HTTP: who may post, what is refused, what a fault of ours looks like."""

import gzip
import json
from datetime import timedelta

import pytest
from django.db import OperationalError

from compute.tracking.models import MetricChunk, Run
from compute.tracking.queries.series import lines_held, shown_writers
from institute.people.enums import Scope
from tests.compute.tracking.sdk import UPSERT, Sdk
from tests.factories.jobs import submitted_job
from tests.factories.people import UserFactory
from tests.factories.tracking import begun, history, job_key, line, lines, person_key, run_of, run_of_new_job

pytestmark = pytest.mark.django_db


def address(run: Run) -> tuple[str, str, str]:
    project = run.run_project.project
    return (project.handle if project else run.run_project.user.public_id, run.run_project.name, run.name)


def counted(run: Run) -> int:
    return lines_held(shown_writers(run))


def test_post_of_a_jobs_own_key_is_kept() -> None:
    run = begun(run_of_new_job())
    answer = Sdk(job_key(run.job)).stream(*address(run), history(lines(0, 3)))
    assert (answer.status_code, json.loads(answer.content)) == (200, {})
    assert counted(run) == 3


@pytest.mark.parametrize("prefix", ["/wandb", ""])
def test_fixed_paths_answer_below_wandb_and_at_the_root(prefix: str) -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job), prefix)
    assert sdk.stream(*address(run), {}).status_code == 200
    assert sdk.ask("{ viewer { email } }") == {"viewer": {"email": ""}}
    assert sdk.send("/oidc/token", b"").status_code == 400


def test_key_of_one_job_cannot_touch_another() -> None:
    mine, other = begun(run_of_new_job()), begun(run_of_new_job())
    sdk = Sdk(job_key(mine.job))
    assert sdk.stream(*address(other), history(lines(0, 3))).status_code == 404
    sdk.ask(UPSERT, name=other.name, project=other.run_project.name, config='{"x": {"value": 1}}')
    other.refresh_from_db()
    assert (counted(other), other.config) == (0, {})


def test_expired_unknown_and_missing_keys_are_401() -> None:
    run = begun(run_of_new_job())
    for key in (job_key(run.job, lives=timedelta(seconds=-1)), "hw-" + "x" * 40, ""):
        answer = Sdk(key).stream(*address(run), {})
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers
    assert Sdk("").client.post("/wandb/graphql").status_code == 401


def test_key_of_a_job_that_does_not_exist_is_401() -> None:
    job = submitted_job()
    key = job_key(job)
    job.public_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    run = begun(run_of_new_job())
    assert Sdk(job_key(job)).stream(*address(run), {}).status_code == 401
    assert Sdk(key).stream(*address(run), {}).status_code == 404


def test_token_without_the_scope_is_403() -> None:
    user = UserFactory.create()
    run = run_of(user)
    assert Sdk(person_key(user, Scope.READ)).stream(*address(run), {}).status_code == 403
    assert Sdk(person_key(user)).stream(*address(run), {}).status_code == 200


def test_persons_key_reaches_own_runs_only() -> None:
    mine, other = UserFactory.create(), UserFactory.create()
    run = run_of(other)
    assert Sdk(person_key(mine)).stream(*address(run), {}).status_code == 404
    job_run = begun(run_of_new_job())
    assert Sdk(person_key(mine)).stream(*address(job_run), {}).status_code == 404


def test_post_of_five_megabytes_and_lines_beyond_json_are_taken() -> None:
    run = begun(run_of_new_job())
    body = history([line(step, text="x" * 5000) for step in range(1000)] + ['{"x": NaN, "y": Infinity, "_step": 1000}'])
    data = json.dumps(body).encode()
    assert len(data) > 5_000_000
    assert Sdk(job_key(run.job)).stream(*address(run), data).status_code == 200
    assert counted(run) == 1001


def test_gzip_is_unpacked_up_to_the_cap() -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job))
    packed = {"Content-Encoding": "gzip"}
    assert (
        sdk.stream(*address(run), gzip.compress(json.dumps(history(lines(0, 2))).encode()), **packed).status_code == 200
    )
    assert counted(run) == 2
    bomb = gzip.compress(b"0" * (200 * 1024 * 1024))
    assert sdk.stream(*address(run), bomb, **packed).status_code == 413
    assert sdk.stream(*address(run), b"no gzip", **packed).status_code == 400
    assert sdk.stream(*address(run), gzip.compress(b"{}" * 1000)[:-9], **packed).status_code == 400


def test_body_beyond_the_cap_is_413_and_nothing_is_kept() -> None:
    run = begun(run_of_new_job())
    assert Sdk(job_key(run.job)).stream(*address(run), b" " * (12 * 1024 * 1024 + 1)).status_code == 413
    assert MetricChunk.objects.count() == 0


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"files": 3}', b"[" * 100_000])
def test_body_of_another_form_is_400(body: bytes) -> None:
    run = begun(run_of_new_job())
    assert Sdk(job_key(run.job)).stream(*address(run), body).status_code == 400


def test_other_methods_are_405() -> None:
    client = Sdk("x").client
    for path in ("/wandb/graphql", "/wandb/files/a/b/c/file_stream", "/wandb/oidc/token"):
        assert client.get(path).status_code == 405


def test_faults_of_ours_are_never_a_4xx(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job))

    def broken(**_: object) -> None:
        raise OperationalError("the server went away")

    monkeypatch.setattr("compute.tracking.api.file_stream.ingest_post", broken)
    answer = sdk.stream(*address(run), {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    def wrong(**_: object) -> None:
        raise KeyError("a fault in our code")

    monkeypatch.setattr("compute.tracking.api.file_stream.ingest_post", wrong)
    assert sdk.stream(*address(run), {}).status_code == 500


def test_lines_are_kept_once_though_the_answer_was_lost() -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job))
    for _ in range(3):
        sdk.stream(*address(run), history(lines(0, 4)))
    assert counted(run) == 4


def test_stop_is_told_with_the_next_answer() -> None:
    run = begun(run_of_new_job())
    Run.objects.filter(pk=run.pk).update(stop_requested_at=run.started_at, stop_requested_by="person:x")
    assert json.loads(Sdk(job_key(run.job)).stream(*address(run), {}).content) == {"stopped": True}


def test_headers_that_name_a_person_are_kept_nowhere() -> None:
    run = begun(run_of_new_job())
    Sdk(job_key(run.job)).stream(
        *address(run), history(lines(0, 1)), **{"X-Wandb-Username": "jo", "X-Wandb-User-Email": "jo@secret.example"}
    )
    run.refresh_from_db()
    assert "secret.example" not in repr([vars(run), *[vars(writer) for writer in shown_writers(run)]])


def test_shared_writers_are_told_apart_by_their_header() -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job))
    shared = {"X-Wandb-Use-Async-Filestream": "true"}
    for client in ("a", "b"):
        sdk.stream(*address(run), history(lines(0, 2)), **shared, **{"X-Wandb-Async-Client-Id": client})
    run.refresh_from_db()
    assert run.next_step == 2  # the second writer sent the very lines of the first: it is the same part
    sdk.stream(*address(run), history([line(90, a=1)]), **shared, **{"X-Wandb-Async-Client-Id": "c"})
    run.refresh_from_db()
    assert run.next_step == 3


def test_token_exchange_refuses_issuers_that_nobody_trusts() -> None:
    client = Sdk("x").client
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    form = "application/x-www-form-urlencoded"
    for body, status in (
        (f"grant_type={grant}&assertion=a.b.c", 401),
        (f"grant_type={grant}&assertion=abc", 400),
        ("grant_type=password", 400),
    ):
        answer = client.post("/oidc/token", body, content_type=form)
        assert (answer.status_code, "error" in json.loads(answer.content)) == (status, True)


def test_probe_says_whether_runs_can_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Sdk("x").client
    assert client.get("/wandb").status_code == 200
    assert client.get("/wandb/").status_code == 200
