"""Checkpoints that a supervisor commits."""

import json

import pytest

from compute.jobs.models import JobCheckpoint
from tests.compute.jobs.wire.supervisor import expire, problem, sha256_of
from tests.factories.jobs import newest_attempt

pytestmark = pytest.mark.django_db


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


def test_a_manifest_sent_as_a_form_is_refused(supervisor):
    form = {"fence": supervisor.fence(), "step": 1, "location": "local:1/1", "manifest_sha256": "0" * 64}
    answer = supervisor.client.post(supervisor.url("checkpoints"), form | {"manifest.a": "1"}, format="multipart")
    assert answer.status_code == 415
    assert not JobCheckpoint.objects.exists()
