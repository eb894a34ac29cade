"""The platform's side of the wire between wrapper and platform, in memory, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hw-" + "t" * 40


@dataclass
class Lease:
    holder: str
    fence: int
    expires_at: datetime


@dataclass
class JobState:
    fence: int = 0
    lease: Lease | None = None
    accepted: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


class Answer(Exception):
    def __init__(self, status: int, body: Any, kind: str = "application/json") -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.kind = kind


def lost(detail: str) -> Answer:
    return Answer(409, {"type": "https://stub/problems/lease-lost", "detail": detail}, "application/problem+json")


def refused(status: int, detail: str) -> Answer:
    return Answer(status, {"type": "about:blank", "detail": detail}, "application/problem+json")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A wrapper that was killed in the middle of a request is no fault of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class StubPlatform:
    """`is_down`: nobody answers. `drop_next`: verbs that take effect, but whose answer is lost."""

    def __init__(self, *, lease_s: float = 900, renew_after_s: float = 0.2) -> None:
        self.lease_s = lease_s
        self.renew_after_s = renew_after_s
        self.jobs: dict[str, JobState] = {}
        self.attempts: dict[str, str] = {}
        self.closed: set[str] = set()
        self.inputs: dict[str, bytes] = {}
        self.lease_calls: list[tuple[str, str, str]] = []
        self.is_down = False
        self.stop = False
        self.checkpoint_by: str | None = None
        self.delay_s = 0.0
        self.drop_next: list[str] = []
        self.refuse: dict[str, int] = {}
        self.refusals: list[tuple[str, int]] = []
        self.lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def shut(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def open_attempt(self, attempt_id: str, job_id: str) -> JobState:
        with self.lock:
            self.attempts[attempt_id] = job_id
            return self.jobs.setdefault(job_id, JobState())

    def close_attempt(self, attempt_id: str) -> None:
        """The attempt is over: its lease is released, whatever it still says meets 409."""
        with self.lock:
            self.closed.add(attempt_id)
            self.jobs[self.attempts[attempt_id]].lease = None

    def add_input(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.inputs[sha256] = data
        return sha256

    # -- verbs -----------------------------------------------------------------------------------

    def lease(self, attempt_id: str, body: dict[str, Any]) -> Answer:
        job = self._job(attempt_id)
        now = datetime.now(UTC)
        held = job.lease
        self.lease_calls.append((attempt_id, body["holder"], body["state"]))
        if held is not None and held.holder != body["holder"] and held.expires_at > now:
            raise lost("another holds the lease")
        if held is None or held.holder != body["holder"]:
            job.fence += 1
            held = job.lease = Lease(body["holder"], job.fence, now)
        held.expires_at = now + timedelta(seconds=self.lease_s)
        resume = max(job.accepted, key=lambda c: (c["fence"], c["step"]), default=None)
        if resume is not None:
            resume = {name: resume[name] for name in ("fence", "step", "manifest_sha256", "location")}
        return Answer(
            200,
            {
                "fence": held.fence,
                "expires_at": held.expires_at.isoformat(),
                "renew_after_s": self.renew_after_s,
                "resume": resume,
                "checkpoint_by": self.checkpoint_by,
                "stop": self.stop,
                "coordinator": None,
            },
        )

    def checkpoints(self, attempt_id: str, body: dict[str, Any]) -> Answer:
        job = self._current(attempt_id, body["fence"])
        _require_canonical(body)
        for known in job.accepted:
            if (known["fence"], known["step"]) == (body["fence"], body["step"]):
                if known["manifest_sha256"] != body["manifest_sha256"]:
                    raise refused(422, "another manifest was accepted for this step")
                return Answer(200, {})
        job.accepted.append(body)
        return Answer(201, {})

    def files(self, attempt_id: str, sha256: str, data: bytes, fence: int) -> Answer:
        job = self._current(attempt_id, fence)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise refused(422, "wrong hash")
        is_new = sha256 not in job.files
        job.files[sha256] = data
        return Answer(201 if is_new else 200, {})

    def output(self, attempt_id: str, body: dict[str, Any]) -> Answer:
        job = self._current(attempt_id, body["fence"])
        _require_canonical(body)
        for file in body["manifest"]["files"]:
            if file["sha256"] not in job.files:
                raise refused(422, f"{file['path']} was not uploaded")
        if body in job.outputs:
            return Answer(200, {})
        job.outputs.append(body)
        return Answer(201, {})

    def _job(self, attempt_id: str) -> JobState:
        if attempt_id not in self.attempts:
            raise refused(404, "no such attempt")
        if attempt_id in self.closed:
            raise lost("the attempt is over")
        return self.jobs[self.attempts[attempt_id]]

    def _current(self, attempt_id: str, fence: int) -> JobState:
        job = self._job(attempt_id)
        if job.lease is None or job.lease.fence != fence:
            raise lost("stale fence")
        return job


def _require_canonical(body: dict[str, Any]) -> None:
    text = json.dumps(body["manifest"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if hashlib.sha256(text.encode()).hexdigest() != body["manifest_sha256"]:
        raise refused(422, "manifest_sha256")


def _handler(stub: StubPlatform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            try:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            except OSError:
                self.close_connection = True  # the wrapper ended in the middle of its request
                return
            *_, attempt_id, verb = self.path.split("/")[:6]
            self.close_connection = True
            if stub.is_down:
                return
            time.sleep(stub.delay_s)
            try:
                with stub.lock:
                    answer = self._call(attempt_id, verb, body)
            except Answer as error:
                answer = error
            if answer.status >= 400:
                stub.refusals.append((verb, answer.status))
            if verb in stub.drop_next:
                stub.drop_next.remove(verb)
                return
            self._send(answer)

        def _call(self, attempt_id: str, verb: str, body: bytes) -> Answer:
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                raise refused(401, "token")
            if verb in stub.refuse:
                raise refused(stub.refuse[verb], "as told")
            tail = self.path.rpartition("/")[2]
            if verb == "inputs":
                if tail not in stub.inputs:
                    raise refused(404, "no such input")
                return Answer(200, stub.inputs[tail], "application/octet-stream")
            if verb == "files":
                return stub.files(attempt_id, tail, body, int(self.headers["X-Fence"]))
            return getattr(stub, verb)(attempt_id, json.loads(body))

        def _send(self, answer: Answer) -> None:
            data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # the wrapper was killed while it waited

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, *_: object) -> None:
            pass

    return Handler
