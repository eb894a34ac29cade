"""The unmodified SDK from inside a job: everything it sends arrives, and it hears what it is told."""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from compute.jobs.models import Job
from compute.tracking.actions.lifecycle import ensure_run_of_job, stop_run
from compute.tracking.enums import RunStatus
from compute.tracking.models import Run, RunFile
from compute.tracking.queries.runs import console, history_lines
from compute.tracking.queries.series import lines_held, shown_writers
from compute.tracking.trackers.base import TrackedJob
from compute.tracking.trackers.institute import InstituteTracker
from institute.core.storage import store_at
from tests.contracts.test_tracker import sdk, web  # noqa: F401  (the fixture of the same server)
from tests.factories.jobs import submitted_job
from tests.factories.people import TESTER
from tests.factories.tracking import job_key
from tests.servers.platform import PlatformServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Trained:
    """A job and what its scripts did."""

    def __init__(self, web: PlatformServer, folder: Path) -> None:  # noqa: F811
        self.web, self.folder = web, folder
        self.job: Job = submitted_job(name="tiny")
        tracker = InstituteTracker(f"{web.url}/wandb")
        key = job_key(self.job)
        self.environment = tracker.environment(TrackedJob(self.job.public_id, "e", "p", key))

    def script(self, text: str, **environment: str) -> None:
        done = sdk(text, self.environment | environment, self.folder)
        assert done.returncode == 0, done.stdout + done.stderr + self.web.log("web")[-3000:]

    def run(self) -> Run:
        return Run.objects.get(job=self.job)


@pytest.fixture
def trained(web: PlatformServer, tmp_path: Path) -> Trained:  # noqa: F811
    return Trained(web, tmp_path)


def test_everything_that_a_script_logs_arrives(trained: Trained) -> None:
    (trained.folder / "notes.bin").write_bytes(bytes(range(256)) * 40)
    trained.script(
        """
        import sys, wandb
        run = wandb.init(project="foreign", entity="somebody", name="mine", tags=["a"], config={"lr": 0.1})
        run.config.update({"late": True})
        print("hello console")
        print("key hw-" + "k" * 40)
        print("to stderr", file=sys.stderr)
        run.define_metric("val/*", step_metric="epoch")
        for i in range(50):
            bad = {3: float("nan"), 4: float("inf")}.get(i, 0)
            run.log({"loss": 1 / (i + 1), "nested": {"acc": i / 50}, "bad": bad})
        histogram = wandb.Histogram(np_histogram=([1, 2], [0, 1, 2]))
        run.log({"h": histogram, "page": wandb.Html("<b>x</b>"), "text": "word"})
        run.summary["best"] = 0.5
        run.save("notes.bin", policy="now")
        run.alert(title="t", text="x")
        run.finish()
        """
    )
    run = trained.run()
    assert (run.status, run.name, run.exit_code) == (RunStatus.FINISHED, trained.job.public_id, 0)
    assert {name: run.config[name] for name in ("lr", "late")} == {"lr": 0.1, "late": True}
    assert (run.summary["best"], run.summary["loss"], run.tags) == (0.5, 1 / 50, ["a"])
    held = history_lines(run, first=0)
    assert [entry["loss"] for entry in held[:50]] == [1 / (i + 1) for i in range(50)]
    assert [entry["bad"] for entry in held[2:6]] == [0, "NaN", "Infinity", 0]
    assert held[10]["nested.acc"] == 0.2
    assert held[50]["h"]["_type"] == "histogram"  # type: ignore[index]
    text = "\n".join(line for _, line in console(run))
    assert "hello console" in text
    assert "ERROR" in text
    assert "kkkkkkkk" not in text
    files = {file.path: file for file in RunFile.objects.filter(run=run, uploaded_at__isnull=False)}
    assert files["notes.bin"].sha256 == hashlib.sha256((trained.folder / "notes.bin").read_bytes()).hexdigest()
    assert any(path.startswith("media/html/page") for path in files)
    store = store_at(trained.web.environment["STORAGE_URL"])
    with store.open(files["wandb-metadata.json"].storage_key) as file:
        assert not json.load(file).keys() & {"host", "email", "executable", "root", "args", "git", "username"}
    assert "user" not in json.dumps(run.config["_wandb"]).lower().replace("user_", "")


def test_second_process_goes_on_where_the_first_stopped(trained: Trained) -> None:
    for first in (0, 5):
        trained.script(
            f"""
            import wandb
            run = wandb.init(config={{"first": {first}}})
            print("STEP", run.step, run.starting_step, run.resumed)
            assert {first} == run.starting_step, (run.step, run.starting_step, run.resumed)
            for i in range({first}, {first} + 5):
                run.log({{"i": i}})
            run.finish()
            """
        )
    run = trained.run()
    assert [(entry["_step"], entry["i"]) for entry in history_lines(run, first=0)] == [(i, i) for i in range(10)]
    assert len(shown_writers(run)) == 2


def test_offline_run_synced_twice_is_held_once(trained: Trained) -> None:
    script = """
        import wandb
        run = wandb.init()
        for i in range(7):
            run.log({"i": i})
        run.finish()
        """
    trained.script(script, WANDB_MODE="offline")
    assert not Run.objects.filter(job=trained.job, started_at__isnull=False).exists()
    (folder,) = trained.folder.glob("wandb/offline-run-*")
    for _ in range(2):
        trained.script(
            f"""
            import subprocess, sys
            subprocess.run([sys.executable, "-m", "wandb", "sync", "--include-synced", {str(folder)!r}], check=True)
            """
        )
    run = trained.run()
    assert [entry["i"] for entry in history_lines(run, first=0)] == list(range(7))
    assert (lines_held(shown_writers(run)), run.status) == (7, RunStatus.FINISHED)


def test_stop_reaches_the_script_within_fifteen_seconds(trained: Trained) -> None:
    script = """
        import time, wandb
        run = wandb.init()
        for i in range(600):
            run.log({"i": i})
            time.sleep(0.1)
        """
    own = {"PATH": os.environ["PATH"], "HOME": str(trained.folder), "WANDB_DIR": str(trained.folder)}
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=own | trained.environment, cwd=trained.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not Run.objects.filter(job=trained.job, next_step__gt=0).exists():
            assert time.monotonic() < deadline, "no line arrived"
            time.sleep(0.2)
        stop_run(run=ensure_run_of_job(job=trained.job, by=TESTER), by=TESTER)
        asked = time.monotonic()
        assert process.wait(timeout=45) != 0
        assert time.monotonic() - asked < 25
    finally:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 20
    while trained.run().status != RunStatus.STOPPED and time.monotonic() < deadline:
        time.sleep(0.2)
    assert trained.run().status == RunStatus.STOPPED


def test_artifact_is_refused_clearly_and_the_script_goes_on(trained: Trained) -> None:
    trained.script(
        """
        import wandb
        run = wandb.init()
        artifact = wandb.Artifact("weights", type="model")
        with artifact.new_file("a.txt") as file:
            file.write("x")
        try:
            run.log_artifact(artifact).wait()
        except Exception as error:
            print("refused", error)
        run.log({"i": 1})
        run.finish()
        """
    )
    assert [entry["i"] for entry in history_lines(trained.run(), first=0)] == [1]


def test_public_api_of_the_sdk_reads_a_run_back(trained: Trained) -> None:
    trained.script(
        """
        import wandb
        run = wandb.init(config={"lr": 0.1})
        for i in range(2500):
            run.log({"i": i})
        run.save(__import__("pathlib").Path("kept.txt").write_text("kept") and "kept.txt", policy="now")
        run.finish()
        """
    )
    found: dict[str, Any] = {}
    trained.script(
        f"""
        import json, pathlib, wandb
        api = wandb.Api()
        run = api.run("e/p/{trained.job.public_id}")
        out = {{
            "state": run.state, "config": run.config, "i": run.summary["i"],
            "scan": [row["i"] for row in run.scan_history()],
            "scan_keys": [row["i"] for row in run.scan_history(keys=["i"])],
            "history": len(run.history(pandas=False)),
            "files": sorted(file.name for file in run.files()),
        }}
        run.file("kept.txt").download(root="back")
        out["kept"] = pathlib.Path("back/kept.txt").read_text()
        pathlib.Path("out.json").write_text(json.dumps(out))
        """
    )
    found = json.loads((trained.folder / "out.json").read_text())
    assert (found["state"], found["config"], found["i"], found["kept"]) == ("finished", {"lr": 0.1}, 2499, "kept")
    assert found["scan"] == found["scan_keys"] == list(range(2500))
    assert found["history"] == 500
    assert {"kept.txt", "config.yaml", "wandb-summary.json"} <= set(found["files"])
