"""One contract for every tracker; the institute's own is spoken to by the unmodified SDK, over HTTP."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from compute.jobs.models import Job
from compute.tracking.trackers.base import FetchedRun, RunReference, TrackedJob, Tracker, TrackerUnavailable
from compute.tracking.trackers.fake import FakeTracker
from compute.tracking.trackers.institute import InstituteTracker
from deploy import programs
from deploy.embedded.ports import free_port
from tests.factories.jobs import submitted_job
from tests.factories.tracking import job_key
from tests.servers.platform import PlatformServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def sdk(
    script: str, environment: dict[str, str], folder: Path, *, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a script that uses the SDK, with nothing of our own environment but PATH."""
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "WANDB_DIR": str(folder), "WANDB_SILENT": "true"}
    own |= {f"WANDB_{name}_DIR": str(folder / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=own | environment, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[PlatformServer]:
    """The platform's web server alone."""
    port = free_port()
    own = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "DATA")} | {
        "PORT": str(port)
    }
    server = PlatformServer(tmp_path, port, programs.child_environment(own))
    try:
        server.start("web")
        yield server
    finally:
        server.stop()


@dataclass
class Subject:
    """A tracker under test and how a job's training reports to it."""

    tracker: Tracker
    job: TrackedJob
    reference: RunReference
    train: Callable[[dict[str, Any], list[dict[str, Any]]], None]
    leave: Callable[[], None]


@pytest.fixture
def institute(web: PlatformServer, tmp_path: Path) -> Subject:
    job: Job = submitted_job(name="small model")
    key = job_key(job)
    tracker = InstituteTracker(f"{web.url}/wandb", key)
    tracked = TrackedJob(job.public_id, job.project.handle, job.recipe, key)

    def train(config: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        done = sdk(
            f"""
            import wandb
            run = wandb.init(config={config!r})
            for line in {lines!r}:
                run.log(line)
            run.finish()
            """,
            tracker.environment(tracked),
            tmp_path,
        )
        assert done.returncode == 0, done.stdout + done.stderr + web.log("web")[-3000:]

    reference = RunReference(tracked.entity, tracked.project, tracked.job_id)
    return Subject(tracker, tracked, reference, train, lambda: web.kill("web"))


@pytest.fixture
def fake() -> Subject:
    tracker = FakeTracker()
    tracked = TrackedJob("01JOB", "team", "recipe", "hw-key")
    reference = RunReference("team", "recipe", "01JOB")

    def train(config: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        tracker.begin(reference, config)
        for line in lines:
            tracker.log(reference, line)
        tracker.finish(reference)

    return Subject(tracker, tracked, reference, train, lambda: setattr(tracker, "is_away", True))


@pytest.fixture(params=["institute", "fake"])
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.getfixturevalue(request.param)
    return found


def test_tracker_tells_of_what_the_sdk_sent(subject: Subject) -> None:
    environment = subject.tracker.environment(subject.job)
    assert environment["WANDB_RUN_ID"] == subject.job.job_id
    assert environment["WANDB_API_KEY"] == subject.job.key
    assert subject.tracker.probe() is True

    subject.train({"lr": 0.1, "name": "tiny"}, [{"loss": 2.0}, {"loss": 1.5, "acc": 0.5}, {"loss": 1.0}])

    found = subject.tracker.fetch_run(subject.reference)
    assert isinstance(found, FetchedRun)
    assert found.state == "finished"
    assert found.config == {"lr": 0.1, "name": "tiny"}
    assert {name: value for name, value in found.summary.items() if not name.startswith("_")} == {
        "loss": 1.0,
        "acc": 0.5,
    }
    seen = [{name: value for name, value in line.items() if name in {"_step", "loss", "acc"}} for line in found.history]
    assert seen == [{"_step": 0, "loss": 2.0}, {"_step": 1, "loss": 1.5, "acc": 0.5}, {"_step": 2, "loss": 1.0}]


def test_tracker_that_is_away_says_so(subject: Subject) -> None:
    subject.leave()
    assert subject.tracker.probe() is False
    with pytest.raises(TrackerUnavailable):
        subject.tracker.fetch_run(subject.reference)
