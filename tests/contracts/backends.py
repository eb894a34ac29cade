"""The implementations of Backend, each with what makes its attempts behave as a test says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from compute.jobs.backends.base import AttemptSpec, Backend, Observation, Phase
from compute.jobs.backends.fake import FakeBackend
from compute.jobs.backends.local import LocalBackend
from compute.recipes.wrapper.folder import new_ulid
from tests.compute.recipes.wrapper.attempts import CODE_ROOT, script, wait_for
from tests.compute.recipes.wrapper.platform_stub import TOKEN, StubPlatform

JOB = "01JOB"


def make_spec(name: str, **changes: Any) -> AttemptSpec:
    attempt_id = changes.pop("attempt_id", new_ulid())
    spec = AttemptSpec(
        name=name,
        job_id=JOB,
        attempt_id=attempt_id,
        number=1,
        environment="web",
        command=("python", "-c", "pass"),
        recipe_inputs={"inputs": {}, "lineage": {"attempt": attempt_id, "job": JOB}, "hardware": {}, "recipe": {}},
        input_files=(),
        env={},
        secrets={"HEADWATERS_JOB_TOKEN": TOKEN},
        platform_url="http://127.0.0.1:9",
        accelerators=2,
        cpu_millis=1000,
        memory_bytes=512 << 20,
        disk_bytes=0,
        wall_limit_s=60,
        grace_s=3,
        labels={},
    )
    return replace(spec, **changes)


class Stage(Protocol):
    """One backend under test. Whoever asks `backend()` again gets a new instance over the same attempts."""

    def backend(self) -> Backend: ...

    def waiting(self, name: str) -> AttemptSpec:
        """An attempt that prints "ready" and trains until it is asked to stop; then it exits 75."""

    def ending(self, name: str, code: int, text: str = "") -> AttemptSpec:
        """An attempt that prints `text` on standard error and exits."""

    def bring(self, name: str, phase: Phase) -> Observation:
        """Let time pass until the attempt is in `phase`."""

    def close(self, names: Sequence[str]) -> None: ...


class LocalStage:
    def __init__(self, folder: Path) -> None:
        self.root = folder / "local"
        self.platform = StubPlatform()

    def backend(self) -> LocalBackend:
        return LocalBackend(self.root, CODE_ROOT, {"web": Path(sys.executable)})

    def waiting(self, name: str) -> AttemptSpec:
        return self._spec(name, "leave_at_sigterm(75); print('ready'); wait()")

    def ending(self, name: str, code: int, text: str = "") -> AttemptSpec:
        return self._spec(name, f"output(a='b'); sys.stderr.write({text!r}); sys.stderr.flush(); os._exit({code})")

    def _spec(self, name: str, text: str) -> AttemptSpec:
        spec = make_spec(name, command=tuple(script(text)), platform_url=self.platform.url)
        self.platform.open_attempt(spec.attempt_id, f"job-of-{name}")
        return spec

    def bring(self, name: str, phase: Phase) -> Observation:
        def seen() -> Observation | None:
            [observation] = self.backend().observe([name])
            return observation if observation.phase is phase else None

        observation: Observation = wait_for(seen, what=f"{name} is {phase}")
        if phase is Phase.RUNNING:
            wait_for(lambda: b"ready" in self.backend().read_log(name, 0, 100).data, what="ready in the log")
        return observation

    def close(self, names: Sequence[str]) -> None:
        for name in names:
            self.backend().delete(name)
        self.platform.shut()


class FakeStage:
    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.folder = folder
        self.planned: dict[str, tuple[int, str] | None] = {}
        self.one = self.backend()

    def backend(self) -> FakeBackend:
        attempts = self.one.attempts if hasattr(self, "one") else None
        return FakeBackend(lambda: self.now, attempts=attempts, checkpoints=self.folder)

    def waiting(self, name: str) -> AttemptSpec:
        self.planned[name] = None
        return make_spec(name)

    def ending(self, name: str, code: int, text: str = "") -> AttemptSpec:
        self.planned[name] = (code, text)
        return make_spec(name, command=("python", "-c", f"exit({code})"))

    def bring(self, name: str, phase: Phase) -> Observation:
        self.now += timedelta(seconds=1)
        if self.one.attempts[name].started_at is None:
            self.one.begin(name)
            self.one.start(name)
            plan = self.planned[name]
            self.one.write_log(name, b"ready\n" if plan is None else plan[1].encode())
            self.now += timedelta(seconds=1)
        plan = self.planned[name]
        if phase is Phase.ENDED and plan is not None:
            self.one.finish(name, *plan)
        [observation] = self.backend().observe([name])
        assert observation.phase is phase
        return observation

    def close(self, names: Sequence[str]) -> None:
        for name in names:
            self.one.delete(name)
