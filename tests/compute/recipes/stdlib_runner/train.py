"""Training without training: every way a job can live and end, on demand."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from compute.recipes.runtime import energy, tracker
from compute.recipes.runtime.checkpoints import Checkpoints
from compute.recipes.runtime.disk import sha256_file
from compute.recipes.runtime.entry import run
from compute.recipes.runtime.exits import BadData, BadInputs, ImpossibleHere, InputMissing, NotAllowed
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.loop import Loop
from compute.recipes.runtime.manifest import Surroundings
from compute.recipes.runtime.output import Output
from compute.recipes.runtime.stopping import Stop
from tests.compute.recipes.stdlib_runner.recipe import RECIPE

USER_ERRORS = {
    "exit-64": BadInputs("outcome", "This input is refused.", "Choose another outcome."),
    "exit-65": BadData("outcome", "The data cannot be used.", "Choose another outcome."),
    "exit-66": InputMissing("outcome", "An input is missing.", "Choose another outcome."),
    "exit-77": NotAllowed("outcome", "The licence forbids this.", "Choose another outcome."),
    "exit-78": ImpossibleHere("outcome", "This machine cannot do it.", "Choose another outcome."),
}
PIECE = 1 << 16


class Walk:
    """State after n steps = n times hashed, beginning with the seed."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.inputs = job.inputs
        self.state = hashlib.sha256(f"seed {job.seed}".encode()).digest()
        self.held: list[bytes] = []

    def run_step(self, step: int) -> Mapping[str, float]:
        time.sleep(self.inputs["step_ms"] / 1000)
        burn_until = time.process_time() + self.inputs["burn_ms_per_step"] / 1000
        while time.process_time() < burn_until:
            pass
        self._misbehave(step)
        loss = 5.0 / step
        if self._fails() and self.inputs["outcome"] == "not-finite" and step >= self.inputs["fail_at_step"]:
            return {"loss": float("nan")}
        self.state = hashlib.sha256(self.state).digest()
        return {"loss": loss}

    def _fails(self) -> bool:
        limit = self.inputs["fail_while_fence_below"]
        return not limit or self.job.fence < limit

    def _misbehave(self, step: int) -> None:
        if grow := self.inputs["grow_mib_per_step"]:
            self.held.append(b"\x01" * (grow << 20))
        for _ in range(-(-self.inputs["log_bytes_per_step"] // PIECE)):
            print("log " + "x" * (min(self.inputs["log_bytes_per_step"], PIECE) - 5))
        if step == self.inputs["fail_at_step"] and self._fails():
            self._end_badly(self.inputs["outcome"])

    def _end_badly(self, outcome: str) -> None:
        if outcome in USER_ERRORS:
            raise USER_ERRORS[outcome]
        if outcome == "exception":
            raise RuntimeError("the recipe failed, as asked")
        if outcome == "exit-3":
            os._exit(3)
        if outcome == "kill-self":
            os.kill(os.getpid(), signal.SIGKILL)
        while outcome == "hang":
            time.sleep(1)

    def save(self, folder: Path) -> None:
        (folder / "state").write_bytes(self.state)
        if ballast := self.inputs["checkpoint_bytes"]:
            with (folder / "ballast").open("wb") as target:
                target.write(b"\0" * ballast)

    def load(self, folder: Path) -> None:
        self.state = (folder / "state").read_bytes()

    def weights_sha256(self) -> str:
        return hashlib.sha256(self.state).hexdigest()


def write_artefact(folder: Path, walk: Walk, job: Job) -> None:
    header = {"state": {"dtype": "U8", "shape": [32], "data_offsets": [0, 32]}, "__metadata__": {"format": "pt"}}
    content = json.dumps(header).encode()
    content += b" " * (-len(content) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(content)) + content + walk.state)
    _write_json(folder / "config.json", {"architectures": [], "model_type": "stdlib_runner"})
    read_back = (folder / "model.safetensors").read_bytes()[-32:] == walk.state
    beats = job.inputs["outcome"] != "failed-gate"
    metrics = {
        "values": {"score": {"value": 1.0 if beats else 0.0, "n": 1, "standard_error": None}},
        "gates": [
            {"name": "reload", "value": 0.0 if read_back else 1.0, "limit": 0.0, "passed": read_back},
            {"name": "beats_baseline", "value": 1.0 if beats else 0.0, "limit": 0.5, "passed": beats},
        ],
    }
    _write_json(folder / "metrics.json", metrics)
    (folder / "README.md").write_text("# A walk\n\nThis model knows nothing.\n")
    if ballast := job.inputs["output_bytes"]:
        (folder / "ballast.dat").write_bytes(b"\0" * ballast)


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def train(job: Job, stop: Stop) -> None:
    begin = energy.read()
    surroundings = Surroundings()
    if job.inputs["ignore_sigterm"]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if job.inputs["leave_child"]:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        print(f"left child {child.pid}", flush=True)
    if job.inputs["fail_at_step"] == 0 and job.inputs["outcome"] in USER_ERRORS:
        raise USER_ERRORS[job.inputs["outcome"]]
    tracking = tracker.start(job, {}) if job.inputs["track"] else tracker.Tracker()
    walk, checkpoints = Walk(job), Checkpoints(job, surroundings)
    found = checkpoints.resume()
    first, cursor = 1, {}
    if found.resumed:
        walk.load(found.resumed.folder)
        first, cursor = found.resumed.step + 1, dict(found.resumed.data_cursor)
        print(f"resumed after step {found.resumed.step}", flush=True)

    def report(step: int, metrics: Mapping[str, float]) -> None:
        print(f"step {step}/{job.inputs['max_steps']} loss {metrics['loss']:.4f}", flush=True)
        tracking.log(step, tracker.finite(metrics))

    try:
        Loop(job, stop, checkpoints, walk, report).run(first=first, last=job.inputs["max_steps"], data_cursor=cursor)
    except BaseException as end:
        tracking.leave(end)
        raise
    output = Output(job)
    folder = output.begin()
    write_artefact(folder, walk, job)
    _write_json(folder / "energy.json", energy.report(begin, energy.read()))
    with stop.deferred():
        output.commit(
            step=job.inputs["max_steps"],
            surroundings=surroundings,
            weights_sha256=sha256_file(folder / "model.safetensors"),
        )
        stop.finish()
    tracking.finish(0)


if __name__ == "__main__":
    run(RECIPE, train)
