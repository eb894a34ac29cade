"""The files that a supervisor reads and hands in."""

import hashlib

import pytest

from compute.jobs.models import Job, JobFile
from compute.jobs.ports import StoredInput
from institute.core.models import OutboxMessage
from institute.core.storage import store
from tests.compute.jobs.wire.supervisor import Supervisor, expire, problem
from tests.factories.jobs import newest_attempt, submitted_job
from tests.factories.people import user_with

pytestmark = pytest.mark.django_db


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
