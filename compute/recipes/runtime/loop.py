"""The training loop that every recipe shares: stop, lease, checkpoints, tracker, broken losses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from compute.recipes.runtime.checkpoints import Checkpoints
from compute.recipes.runtime.exits import RunAgain
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.log import say
from compute.recipes.runtime.losses import LossGuard
from compute.recipes.runtime.stopping import Stop


class Training(Protocol):
    """What a recipe must be able to do. Step numbers count from 1."""

    def run_step(self, step: int) -> Mapping[str, float]:
        """Do one step; answers its metrics, "loss" among them. A loss not finite changes nothing."""

    def save(self, folder: Path) -> None:
        """Write everything needed to go on, durable when this returns."""

    def weights_sha256(self) -> str: ...


Report = Callable[[int, Mapping[str, float]], None]


class Loop:
    def __init__(self, job: Job, stop: Stop, checkpoints: Checkpoints, training: Training, report: Report) -> None:
        self.job = job
        self.stop = stop
        self.checkpoints = checkpoints
        self.training = training
        self.report = report
        self.guard = LossGuard()
        self._last_commit_at = time.monotonic()
        self._served_request: datetime | None = None
        self._committed_step = 0

    def run(self, *, last: int, first: int = 1, data_cursor: Mapping[str, Any] | None = None) -> None:
        """Do the steps `first` to `last`, and commit a checkpoint after the last one.

        Raises RunAgain after committing a checkpoint when asked to stop, LeaseLost without.
        """
        self._committed_step = first - 1
        self.guard = LossGuard(int((data_cursor or {}).get("non_finite_in_a_row", 0)))
        with self.stop.deferred():
            for step in range(first, last + 1):
                self._leave_if_asked(step - 1)
                metrics = self.training.run_step(step)
                self.guard.see(step, metrics["loss"])
                self.report(step, metrics)
                if self._is_due(step) or step == last:
                    self.commit(step)
        self.stop.raise_if_requested()

    def commit(self, step: int) -> None:
        started = time.monotonic()
        folder = self.checkpoints.commit(
            step,
            self.training.save,
            data_cursor={"step": step, "non_finite_in_a_row": self.guard.in_a_row},
            weights_sha256=self.training.weights_sha256(),
        )
        self._last_commit_at = time.monotonic()
        self._committed_step = step
        took = self._last_commit_at - started
        say(f"checkpoint {folder.parent.name}/{folder.name} committed in {took:.2f} s")

    def _leave_if_asked(self, done: int) -> None:
        if not self.stop.is_requested:
            return
        if done > self._committed_step:
            self.commit(done)
        raise RunAgain(f"{self.stop.reason}; checkpoint at step {self._committed_step}")

    def _is_due(self, step: int) -> bool:
        state = self.job.lease.require_current_fence()
        if state and state.checkpoint_by and state.checkpoint_by != self._served_request:
            # The platform is about to take the machine away: it wants one before that instant.
            self._served_request = state.checkpoint_by
            return True
        every = int(self.job.inputs.get("checkpoint_every_steps", 0))
        if every and step % every == 0:
            return True
        return time.monotonic() - self._last_commit_at >= 60 * int(self.job.inputs["checkpoint_every_minutes"])
