"""A backend in memory, driven by its test: the same promises as a real one, on a clock that is passed in.

A test creates through the Protocol, then says what happens next (`start`, `finish`, `vanish`, …).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from compute.jobs.backends.base import (
    AttemptSpec,
    BackendConflict,
    BackendError,
    BackendUnavailable,
    Capabilities,
    FailureClass,
    LogPart,
    Observation,
    Phase,
    PodObservation,
    absent,
)
from compute.recipes.wrapper import outcome
from compute.recipes.wrapper.folder import new_ulid

ONE_HOST = Capabilities(hosts=1, cpu_count=2, memory_bytes=8 << 30, max_concurrent=1)


@dataclass
class FakeAttempt:
    """What happened to one attempt so far."""

    spec: AttemptSpec
    spec_sha256: str
    uid: str
    created_at: datetime
    starting_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    failure_class: FailureClass | None = None
    reason: str = ""
    text: str = ""
    log: bytearray = field(default_factory=bytearray)
    stop_due_at: datetime | None = None
    is_blurred: bool = False

    @property
    def phase(self) -> Phase:
        if self.is_blurred:
            return Phase.UNKNOWN
        if self.ended_at is not None:
            return Phase.ENDED
        if self.started_at is not None:
            return Phase.RUNNING
        return Phase.STARTING if self.starting_at is not None else Phase.PENDING


class FakeBackend:
    """In-memory Backend. Every instance over the same `attempts` dict sees the same attempts."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        capabilities: Capabilities = ONE_HOST,
        attempts: dict[str, FakeAttempt] | None = None,
        checkpoints: Path | None = None,
        stop_takes: timedelta = timedelta(0),
    ) -> None:
        self._clock = clock
        self._capabilities = capabilities
        self._checkpoints = checkpoints
        self._stop_takes = stop_takes
        self._is_reachable = True
        self._failures: dict[str, list[tuple[BackendError, bool]]] = {}
        self.attempts: dict[str, FakeAttempt] = {} if attempts is None else attempts
        self.created_names: list[str] = []

    # -- Backend ---------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        return self._capabilities

    def create(self, spec: AttemptSpec) -> Observation:
        is_late = self._meet_failure("create")
        new = FakeAttempt(spec, spec.spec_sha256, new_ulid(), self._clock())
        known = self.attempts.setdefault(spec.name, new)  # one step: threads may create at once
        if known.spec_sha256 != spec.spec_sha256:
            raise BackendConflict(f"{spec.name} exists with another specification")
        if known is new:
            self.created_names.append(spec.name)
        self._raise_late(is_late)
        return self._observe(spec.name)

    def observe(self, names: Sequence[str]) -> list[Observation]:
        self._raise_late(self._meet_failure("observe"))
        return [self._observe(name) for name in names]

    def request_stop(self, name: str) -> None:
        is_late = self._meet_failure("request_stop")
        attempt = self.attempts.get(name)
        if attempt is not None and attempt.ended_at is None and attempt.stop_due_at is None:
            attempt.stop_due_at = self._clock() + self._stop_takes
        self._raise_late(is_late)

    def delete(self, name: str) -> None:
        is_late = self._meet_failure("delete")
        self.attempts.pop(name, None)
        self._raise_late(is_late)

    def read_log(self, name: str, offset: int, limit: int) -> LogPart:
        self._raise_late(self._meet_failure("read_log"))
        attempt = self.attempts.get(name)
        if attempt is None:
            return LogPart(offset, b"", is_end=True)
        self._settle_stop(attempt)
        data = bytes(attempt.log[offset : offset + limit])
        is_complete = offset + len(data) >= len(attempt.log)
        return LogPart(offset, data, is_end=attempt.ended_at is not None and is_complete)

    def checkpoint_root(self, job_id: str) -> Path | None:
        return None if self._checkpoints is None else self._checkpoints / job_id.lower() / "checkpoints"

    # -- what the test says ----------------------------------------------------------------------

    def begin(self, name: str) -> None:
        """A host took the attempt; its training is not started yet."""
        self.attempts[name].starting_at = self._clock()

    def start(self, name: str) -> None:
        """Training runs."""
        attempt = self.attempts[name]
        attempt.starting_at = attempt.starting_at or self._clock()
        attempt.started_at = self._clock()

    def finish(self, name: str, exit_code: int = 0, text: str = "", *, cause: str = "") -> None:
        """Training ended by itself, or (with `cause`, see outcome.py) because a limit was met."""
        attempt = self.attempts[name]
        if attempt.stop_due_at is not None and not cause:
            cause = outcome.STOPPED
        self._end(attempt, exit_code, cause, text, at=self._clock())

    def vanish(self, name: str, *, last_proof_at: datetime | None = None) -> None:
        """The host lost the attempt without a word; it was last seen alive at `last_proof_at`."""
        attempt = self.attempts[name]
        attempt.ended_at = last_proof_at or self._clock()
        attempt.failure_class = FailureClass.NODE_LOST
        attempt.reason = outcome.WRAPPER_VANISHED

    def write_log(self, name: str, data: bytes) -> None:
        self.attempts[name].log += data

    def blur(self, name: str, *, is_blurred: bool = True) -> None:
        """The place answers, but cannot tell how this attempt is."""
        self.attempts[name].is_blurred = is_blurred

    def lose_contact(self) -> None:
        """From now on every call raises BackendUnavailable; what runs goes on."""
        self._is_reachable = False

    def regain_contact(self) -> None:
        self._is_reachable = True

    def fail_next(self, method: str, error: BackendError, *, after: bool = False) -> None:
        """The next call of `method` raises; with `after`, only once its effect has happened."""
        self._failures.setdefault(method, []).append((error, after))

    # -- inside ----------------------------------------------------------------------------------

    def _meet_failure(self, method: str) -> BackendError | None:
        if not self._is_reachable:
            raise BackendUnavailable("the fake backend was told to be out of reach")
        planned = self._failures.get(method)
        if not planned:
            return None
        error, is_after = planned.pop(0)
        if not is_after:
            raise error
        return error

    @staticmethod
    def _raise_late(error: BackendError | None) -> None:
        if error is not None:
            raise error

    def _end(self, attempt: FakeAttempt, code: int, cause: str, text: str, *, at: datetime) -> None:
        verdict = outcome.classify(code, cause=cause, text=text)
        attempt.ended_at = at
        attempt.exit_code = code
        attempt.failure_class = FailureClass(verdict.failure_class) if verdict.failure_class else None
        attempt.reason = verdict.reason
        attempt.text = outcome.closing_text(text.encode(), code)

    def _settle_stop(self, attempt: FakeAttempt) -> None:
        due = attempt.stop_due_at
        if due is not None and attempt.ended_at is None and due <= self._clock():
            self._end(attempt, outcome.EXIT_AGAIN, outcome.STOPPED, "", at=due)

    def _observe(self, name: str) -> Observation:
        now = self._clock()
        attempt = self.attempts.get(name)
        if attempt is None:
            return absent(name, now=now)
        self._settle_stop(attempt)
        pods: tuple[PodObservation, ...] = ()
        if attempt.starting_at is not None:
            pods = (
                PodObservation(
                    uid=attempt.uid,
                    index=0,
                    accelerators=attempt.spec.accelerators,
                    node="fake",
                    scheduled_at=attempt.starting_at,
                    started_at=attempt.started_at,
                    ended_at=attempt.ended_at,
                ),
            )
        return Observation(
            name=name,
            uid=attempt.uid,
            phase=attempt.phase,
            spec_sha256=attempt.spec_sha256,
            pods=pods,
            exit_code=attempt.exit_code,
            failure_class=attempt.failure_class,
            reason=attempt.reason,
            text=attempt.text,
            last_seen_at=now,
        )
