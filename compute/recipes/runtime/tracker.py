"""Reporting to the tracker with the unmodified wandb SDK. Tracking never ends a job.

The SDK reads its address, key and run id from WANDB_*. A tracker that does not answer at the
start means offline mode: the lines stay on disk and the wrapper can send them later.
"""

from __future__ import annotations

import math
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from compute.recipes.runtime.exits import Exit, RecipeExit, RunAgain
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.log import say

PROBE_SECONDS = 3.0


class Tracker:
    """One run, or none where no tracker is configured or it failed to start."""

    def __init__(self, run: Any = None) -> None:
        self._run = run

    @property
    def is_on(self) -> bool:
        return self._run is not None

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        self._guarded("log", lambda run: run.log(dict(metrics), step=step))

    def summarise(self, values: Mapping[str, Any]) -> None:
        self._guarded("summary", lambda run: run.summary.update(dict(values)))

    def finish(self, exit_code: int = 0) -> None:
        """Send what is left, within the time the SDK was given at the start."""
        self._guarded("finish", lambda run: run.finish(exit_code=int(exit_code)))
        self._run = None

    def leave(self, end: BaseException) -> None:
        """Close the run of an attempt that did not succeed; one that will go on says so."""
        if isinstance(end, RunAgain):
            self._guarded("preemption", lambda run: run.mark_preempting())
            self.finish(Exit.RUN_AGAIN)
        else:
            self.finish(end.code if isinstance(end, RecipeExit) else 1)

    def _guarded(self, doing: str, act: Any) -> None:
        if self._run is None:
            return
        try:
            act(self._run)
        except Exception as problem:  # noqa: BLE001 - whatever the SDK raises, training goes on
            say(f"The tracker failed at {doing} and is left alone from here on: {problem!r}")
            self._run = None


def start(job: Job, config: Mapping[str, Any]) -> Tracker:
    """Open the run. Never raises: the worst case is a job without curves, said in its log."""
    if not (os.environ.get("WANDB_BASE_URL") or os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_MODE")):
        say("No tracker is configured: metrics go to this log only.")
        return Tracker()
    try:
        import wandb  # slow to import, and not in every environment
    except ImportError as problem:
        say(f"The tracker's client cannot be imported: {problem}")
        return Tracker()
    modes = [os.environ.get("WANDB_MODE") or _mode_by_probe(), "offline"]
    for mode in dict.fromkeys(modes):
        try:
            run = wandb.init(
                mode=mode,  # type: ignore[arg-type]
                dir=os.environ.get("WANDB_DIR") or str(job.work),
                project=os.environ.get("WANDB_PROJECT") or str(job.inputs["tracker_project"]) or job.recipe.name,
                config={"inputs": dict(job.inputs), **config},
                job_type=job.recipe.name,
                settings=wandb.Settings(finish_timeout=max(5.0, job.grace_s / 3), quiet=True),
            )
        except Exception as problem:  # noqa: BLE001 - CommError, UsageError, a dead service: all mean "without"
            say(f"The tracker did not start ({mode}): {problem!r}")
        else:
            say(f"Tracking is on ({mode}).")
            return Tracker(run)
    return Tracker()


def _mode_by_probe() -> str:
    address = os.environ.get("WANDB_BASE_URL", "")
    if not address:
        return "online"
    try:
        with urllib.request.urlopen(address, timeout=PROBE_SECONDS):  # noqa: S310 - set by the platform
            return "online"
    except urllib.error.HTTPError as answer:
        return "online" if answer.code < 500 else "offline"
    except (OSError, ValueError) as problem:
        say(f"The tracker at {address} does not answer ({problem}): recording offline.")
        return "offline"


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Without what is no number: curves break there, JSON stays valid."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
