"""The wire between a job's supervisor and the platform."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from compute.jobs.models import AttemptLease, Job, JobCheckpoint, JobFile
from compute.jobs.ports import StoredInput
from institute.core.models import OutboxMessage
from institute.core.storage import store
from institute.people.actions import create_token
from institute.people.enums import Scope
from tests.factories.jobs import newest_attempt, submitted_job
from tests.factories.people import TESTER, user_with

pytestmark = pytest.mark.django_db


class Supervisor:
    """Speaks as the wrapper of one attempt does."""

    def __init__(self, attempt, token, holder="one"):
        self.attempt, self.holder = attempt, holder
        self.client = APIClient(headers={"Authorization": f"Bearer {token}"})

    def url(self, verb, *more):
        return reverse(f"api:attempt-{verb}", args=[self.attempt.public_id, *more])

    def lease(self, **body):
        return self.client.post(self.url("lease"), {"holder": self.holder, "state": "running"} | body, format="json")

    def fence(self):
        answer = self.lease()
        assert answer.status_code == 200, answer.data
        return answer.data["fence"]

    def manifest(self, fence, step, kind, files=()):
        return {
            "job": self.attempt.job.public_id,
            "attempt": self.attempt.public_id,
            "fence": fence,
            "step": step,
            "kind": kind,
            "libraries": {"jax": "0.10.2"},
            "rate": 2e-3,
            "note": "ünï",
            "files": list(files),
        }

    def checkpoint(self, fence, step=5, **changes):
        manifest = self.manifest(fence, step, "checkpoint") | changes.pop("manifest", {})
        body = {"fence": fence, "step": step, "manifest": manifest, "location": f"local:{fence}/{step}"}
        body["manifest_sha256"] = sha256_of(manifest)
        return self.client.post(self.url("checkpoints"), body | changes, format="json")

    def upload(self, fence, data, sha256=None):
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        headers = {"X-Fence": str(fence)}
        content_type = "application/octet-stream"
        return self.client.put(self.url("file", sha256), data, content_type=content_type, headers=headers)

    def output(self, fence, data=b"weights", **changes):
        file = {"path": "model.safetensors", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        manifest = self.manifest(fence, 20, "output", [file]) | changes.pop("manifest", {})
        body = {"fence": fence, "manifest": manifest, "manifest_sha256": sha256_of(manifest)}
        return self.client.post(self.url("output"), body | changes, format="json")


def sha256_of(manifest):
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def clock(clock):
    """The API reads the real clock."""
    clock.now = timezone.now()
    return clock


@pytest.fixture
def job(clock):
    return submitted_job(now=clock.now)


@pytest.fixture
def supervisor(job, fake, sweep):
    sweep()
    attempt = newest_attempt(job)
    return Supervisor(attempt, fake.attempts[attempt.name].spec.secrets["HEADWATERS_JOB_TOKEN"])


def problem(answer):
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def expire(attempt):
    AttemptLease.objects.filter(attempt=attempt).update(expires_at=timezone.now() - timedelta(seconds=1))


# -- who -----------------------------------------------------------------------------------------


def test_without_a_token_nothing(supervisor):
    supervisor.client = APIClient()
    assert supervisor.lease().status_code == 401


@pytest.mark.parametrize("verb", ["lease", "checkpoints", "output"])
def test_a_persons_token_is_not_a_jobs(supervisor, verb):
    expires_at = timezone.now() + timedelta(days=1)
    scopes = [Scope.READ, Scope.WRITE, Scope.RUNS]
    _, token = create_token(user=user_with(), name="t", scopes=scopes, expires_at=expires_at, by=TESTER)
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert client.post(supervisor.url(verb), {}, format="json").status_code == 403


def test_a_job_speaks_for_its_own_attempts_only(supervisor, clock):
    other = newest_attempt(submitted_job(now=clock.now))
    supervisor.attempt = other
    assert supervisor.lease().status_code == 404


def test_a_jobs_token_opens_nothing_else(supervisor):
    assert supervisor.client.get(reverse("api:job-list")).status_code == 403


# -- lease ---------------------------------------------------------------------------------------


def test_a_first_lease(supervisor, job):
    answer = supervisor.lease()
    assert answer.status_code == 200
    data = answer.json()
    expires_in = AttemptLease.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=14) < expires_in <= timedelta(minutes=15)
    assert {**data, "expires_at": ""} == {
        "fence": 1,
        "expires_at": "",
        "renew_after_s": 30,
        "resume": None,
        "checkpoint_by": None,
        "stop": False,
        "coordinator": None,
    }


def test_the_same_holder_keeps_its_fence(supervisor):
    assert [supervisor.fence(), supervisor.lease(state="ending").data["fence"]] == [1, 1]
    assert AttemptLease.objects.get().state == "ending"


def test_another_holder_waits_until_the_lease_has_run_out(supervisor):
    supervisor.fence()
    supervisor.holder = "two"
    assert problem(supervisor.lease()) == (409, "lease-lost")
    expire(supervisor.attempt)
    assert supervisor.fence() == 2


def test_who_was_replaced_has_lost_its_lease_for_good(supervisor):
    supervisor.fence()
    expire(supervisor.attempt)
    supervisor.holder = "two"
    supervisor.fence()
    supervisor.holder = "one"
    assert problem(supervisor.lease()) == (409, "lease-lost")


def test_the_same_holder_comes_back_after_an_outage_of_ours(supervisor):
    supervisor.fence()
    expire(supervisor.attempt)
    assert supervisor.fence() == 1


def test_an_attempt_that_is_over_gets_no_lease(supervisor, fake, sweep):
    supervisor.fence()
    fake.start(supervisor.attempt.name)
    token = supervisor.client
    fake.finish(supervisor.attempt.name, 75)
    sweep()
    supervisor.client = token
    assert supervisor.lease().status_code == 401  # its token ended with it


def test_a_stop_reaches_the_holder(supervisor, job):
    from compute.jobs.actions import request_stop  # kept beside its only use

    supervisor.fence()
    request_stop(job=job, by=TESTER)
    assert supervisor.lease().data["stop"] is True


@pytest.mark.parametrize(
    "body",
    [
        {"holder": ""},
        {"holder": "x" * 65},
        {"holder": "a b"},
        {"state": "flying"},
        {"state": None},
        {"holder": {"a": 1}},
        {"holder": "a\x00b"},
    ],
)
def test_a_malformed_lease_is_refused(supervisor, body):
    assert supervisor.lease(**body).status_code == 400
    assert AttemptLease.objects.count() == 0


# -- checkpoints ---------------------------------------------------------------------------------


def test_a_checkpoint_is_accepted_once(supervisor):
    fence = supervisor.fence()
    assert [supervisor.checkpoint(fence).status_code, supervisor.checkpoint(fence).status_code] == [201, 200]
    checkpoint = JobCheckpoint.objects.get()
    assert sha256_of(checkpoint.manifest) == checkpoint.manifest_sha256
    assert newest_attempt(supervisor.attempt.job).last_checkpoint_at == checkpoint.accepted_at


def test_the_newest_checkpoint_is_resumed(supervisor):
    fence = supervisor.fence()
    for step in (5, 15, 10):
        supervisor.checkpoint(fence, step)
    resume = supervisor.lease().json()["resume"]
    assert (resume["step"], resume["location"]) == (15, "local:1/15")


def test_a_checkpoint_under_an_old_fence_is_refused(supervisor):
    old = supervisor.fence()
    expire(supervisor.attempt)
    supervisor.holder = "two"
    supervisor.fence()
    assert problem(supervisor.checkpoint(old)) == (409, "lease-lost")


def test_a_checkpoint_under_an_expired_lease_is_refused(supervisor):
    fence = supervisor.fence()
    expire(supervisor.attempt)
    assert problem(supervisor.checkpoint(fence)) == (409, "lease-lost")


def test_one_step_has_one_manifest(supervisor):
    fence = supervisor.fence()
    supervisor.checkpoint(fence)
    assert problem(supervisor.checkpoint(fence, manifest={"seed": 1})) == (409, "checkpoint-once")


@pytest.mark.parametrize(
    "manifest",
    [{"job": "x"}, {"attempt": "x"}, {"fence": 9}, {"fence": True}, {"step": 6}, {"kind": "output"}],
)
def test_a_manifest_of_something_else_is_refused(supervisor, manifest):
    assert problem(supervisor.checkpoint(supervisor.fence(), manifest=manifest)) == (422, "manifest")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"manifest_sha256": "0" * 64}, 422),
        ({"manifest_sha256": "no"}, 400),
        ({"fence": -1}, 400),
        ({"fence": 2**63}, 400),
        ({"fence": "abc"}, 400),
        ({"step": -1}, 400),
        ({"step": 2**70}, 400),
        ({"manifest": "text"}, 400),
        ({"manifest": ["a"]}, 400),
        ({"location": "../etc"}, 400),
        ({"location": "x" * 600}, 400),
    ],
)
def test_a_malformed_checkpoint_is_refused(supervisor, changes, code):
    fence = supervisor.fence()
    body = {"manifest": {}}
    answer = supervisor.checkpoint(fence, **body)
    body = json.loads(json.dumps(changes))
    manifest = supervisor.manifest(fence, 5, "checkpoint")
    sent = {
        "fence": fence,
        "step": 7,
        "manifest": manifest,
        "manifest_sha256": sha256_of(manifest),
        "location": "local:1/7",
    }
    answer = supervisor.client.post(supervisor.url("checkpoints"), sent | body, format="json")
    assert answer.status_code == code
    assert not JobCheckpoint.objects.filter(step=7).exists()


@pytest.mark.parametrize("text", ["\ud800", "\x00"])
def test_broken_text_is_refused(supervisor, text):
    body = {"fence": supervisor.fence(), "step": 1, "location": "local:1/1", "manifest_sha256": "0" * 64}
    sent = json.dumps(body | {"manifest": {"a": text}})
    answer = supervisor.client.generic("POST", supervisor.url("checkpoints"), sent, content_type="application/json")
    assert problem(answer) == (400, "parse-error")
    assert not JobCheckpoint.objects.exists()


# -- output --------------------------------------------------------------------------------------


def test_the_output_is_accepted_once(supervisor, job):
    fence = supervisor.fence()
    assert [supervisor.upload(fence, b"weights").status_code for _ in range(2)] == [201, 200]
    assert [supervisor.output(fence).status_code for _ in range(2)] == [201, 200]
    assert OutboxMessage.objects.filter(topic="compute.jobs.OutputCommitted").exists()
    files = {file.path: file for file in JobFile.objects.filter(job=job, kind="output")}
    assert sorted(files) == ["manifest.json", "model.safetensors"]
    for file in files.values():
        with store().open(file.key) as stored:
            assert hashlib.sha256(stored.read()).hexdigest() == file.sha256


def test_a_file_that_was_not_uploaded_is_named(supervisor):
    answer = supervisor.output(supervisor.fence())
    assert problem(answer) == (422, "not-uploaded")
    assert "model.safetensors" in answer.json()["detail"]
    assert JobFile.objects.count() == 0


def test_a_file_of_another_size_was_not_uploaded(supervisor):
    fence = supervisor.fence()
    supervisor.upload(fence, b"weights")
    wrong = {"path": "m", "bytes": 1, "sha256": hashlib.sha256(b"weights").hexdigest()}
    assert problem(supervisor.output(fence, manifest={"files": [wrong]})) == (422, "not-uploaded")


def test_a_second_output_is_refused(supervisor):
    fence = supervisor.fence()
    supervisor.upload(fence, b"weights")
    supervisor.output(fence)
    assert problem(supervisor.output(fence, manifest={"seed": 7})) == (409, "output-once")


def test_an_output_under_an_old_fence_is_refused(supervisor):
    old = supervisor.fence()
    supervisor.upload(old, b"weights")
    expire(supervisor.attempt)
    supervisor.holder = "two"
    supervisor.fence()
    assert problem(supervisor.output(old)) == (409, "lease-lost")
    assert problem(supervisor.upload(old, b"more")) == (409, "lease-lost")


@pytest.mark.parametrize(
    "files",
    [
        [],
        "text",
        [3],
        [{"path": "../up", "bytes": 7, "sha256": "0" * 64}],
        [{"path": "/root", "bytes": 7, "sha256": "0" * 64}],
        [{"path": "a//b", "bytes": 7, "sha256": "0" * 64}],
        [{"path": "a\\b", "bytes": 7, "sha256": "0" * 64}],
        [{"path": "manifest.json", "bytes": 7, "sha256": "0" * 64}],
        [{"path": "x" * 401, "bytes": 7, "sha256": "0" * 64}],
        [{"path": "a\nb", "bytes": 7, "sha256": "0" * 64}],
        [{"path": "a", "bytes": -1, "sha256": "0" * 64}],
        [{"path": "a", "bytes": True, "sha256": "0" * 64}],
        [{"path": "a", "bytes": 7, "sha256": "zz"}],
        [{"path": "a", "bytes": 7, "sha256": 5}],
        [{"path": "a", "bytes": 7, "sha256": "0" * 64}] * 2,
    ],
)
def test_an_output_names_plain_files(supervisor, files):
    assert problem(supervisor.output(supervisor.fence(), manifest={"files": files})) == (422, "manifest")


@pytest.mark.parametrize("step", [None, "x", True, -1, 2**63])
def test_an_output_has_a_step(supervisor, step):
    fence = supervisor.fence()
    supervisor.upload(fence, b"weights")
    assert problem(supervisor.output(fence, manifest={"step": step})) == (422, "manifest")


def test_wrong_bytes_are_refused_and_not_kept(supervisor):
    fence = supervisor.fence()
    sha256 = hashlib.sha256(b"other").hexdigest()
    assert problem(supervisor.upload(fence, b"weights", sha256)) == (422, "wrong-hash")
    assert JobFile.objects.count() == 0
    assert store().size(f"jobs/{supervisor.attempt.job.public_id}/{sha256}") is None


def test_more_than_the_disk_of_the_job_is_refused(supervisor, job):
    Job.objects.filter(pk=job.pk).update(resources=job.resources | {"disk_bytes": 2})
    fence = supervisor.fence()
    assert problem(supervisor.upload(fence, b"weights and more")) == (413, "too-large")


@pytest.mark.parametrize("fence", ["", "x", "-1", "9" * 30])
def test_an_upload_needs_a_fence(supervisor, fence):
    supervisor.fence()
    assert supervisor.upload(fence, b"weights").status_code == 400


def test_an_upload_needs_a_hash(supervisor):
    assert supervisor.upload(supervisor.fence(), b"weights", "nothing").status_code == 400


# -- inputs --------------------------------------------------------------------------------------


def test_input_files_are_those_of_the_job(clock, fake, sweep, shelf):
    data = b"words " * 300_000
    sha256 = hashlib.sha256(data).hexdigest()
    store().write("blobs/words", [data])
    shelf.stored["lab/words@v1"] = [StoredInput("words.txt", len(data), sha256, "blobs/words")]
    job = submitted_job(now=clock.now, by=user_with(), dataset="lab/words@v1")
    sweep()
    attempt = newest_attempt(job)
    spec = fake.attempts[attempt.name].spec
    assert [(file.field, file.name, file.sha256) for file in spec.input_files] == [("dataset", "words.txt", sha256)]
    one = Supervisor(attempt, spec.secrets["HEADWATERS_JOB_TOKEN"])
    answer = one.client.get(one.url("input", sha256), headers={"Accept": "application/octet-stream"})
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(data)))
    assert b"".join(answer.streaming_content) == data
    assert one.client.get(one.url("input", "0" * 64)).status_code == 404
