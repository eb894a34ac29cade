"""The other end of the wire: what a supervisor says, and how to read the answers."""

import hashlib
import json
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from compute.jobs.models import AttemptLease


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


def problem(answer):
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def expire(attempt):
    AttemptLease.objects.filter(attempt=attempt).update(expires_at=timezone.now() - timedelta(seconds=1))
