"""A tracker in memory, held to the same contract."""

from collections.abc import Mapping
from typing import Any

from compute.tracking.trackers.base import FetchedRun, RunReference, TrackedJob, TrackerUnavailable


class FakeTracker:
    """Remembers runs that `log` and `finish` tell it of; `is_away` makes it not answer."""

    def __init__(self) -> None:
        self.is_away = False
        self._runs: dict[RunReference, FetchedRun] = {}

    def environment(self, job: TrackedJob) -> dict[str, str]:
        return {
            "WANDB_BASE_URL": "http://tracker.invalid/wandb",
            "WANDB_API_KEY": job.key,
            "WANDB_ENTITY": job.entity,
            "WANDB_PROJECT": job.project,
            "WANDB_RUN_ID": job.job_id,
            "WANDB_RESUME": "allow",
        }

    def probe(self) -> bool:
        return not self.is_away

    def fetch_run(self, reference: RunReference) -> FetchedRun | None:
        if self.is_away:
            raise TrackerUnavailable("the fake is away")
        return self._runs.get(reference)

    def begin(self, reference: RunReference, config: Mapping[str, Any]) -> None:
        """What the SDK's `init` does."""
        self._runs[reference] = FetchedRun(reference.name, "running", dict(config))

    def log(self, reference: RunReference, line: Mapping[str, Any]) -> None:
        """What the SDK's `log` does."""
        run = self._runs[reference]
        history = (*run.history, {**line, "_step": len(run.history)})
        self._runs[reference] = FetchedRun(run.name, run.state, run.config, {**run.summary, **line}, history)

    def finish(self, reference: RunReference, exit_code: int = 0) -> None:
        """What the SDK's `finish` does."""
        run = self._runs[reference]
        state = "failed" if exit_code else "finished"
        self._runs[reference] = FetchedRun(run.name, state, run.config, run.summary, run.history)
