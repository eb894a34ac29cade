"""Wrapper and training killed at random moments: one line of checkpoints, nothing left, nothing twice.

The test plays the platform: it starts the next attempt when one has ended without success.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import signal
import time
from dataclasses import replace

import pytest

from compute.jobs.backends.base import FailureClass, Observation, Phase
from compute.jobs.backends.local.places import Places
from compute.recipes.wrapper import processes
from compute.recipes.wrapper.folder import read_json
from tests.compute.recipes.stdlib_runner.recipe import RECIPE
from tests.contracts.backends import JOB, LocalStage, make_spec

STEPS = 30
RETRIED = {FailureClass.NODE_LOST, FailureClass.PREEMPTED}
pytestmark = pytest.mark.kill


class Driver:
    def __init__(self, stage: LocalStage, kinds: tuple[str, ...], seed: int) -> None:
        self.stage = stage
        self.kinds = kinds
        self.chance = random.Random(seed)
        self.ended: list[Observation] = []
        self.uids: list[str] = []
        self.inputs = RECIPE.clean({"max_steps": STEPS, "step_ms": 15, "checkpoint_every_steps": 3}).values

    def run_to_success(self, *, kills: int) -> None:
        for number in range(1, kills + 3):
            observation = self._run_attempt(number, is_killed=number <= kills)
            self.ended.append(observation)
            # What the platform accepted counts before how the process ended: it may be killed right after.
            if self.stage.platform.jobs[JOB].outputs:
                return
            assert observation.failure_class in RETRIED, observation
        raise AssertionError(f"no success after {kills} kills: {self.ended}")

    def _run_attempt(self, number: int, *, is_killed: bool) -> Observation:
        name = f"tj-job-{number}"
        spec = make_spec(name, command=tuple(RECIPE.command(self.inputs)), platform_url=self.stage.platform.url)
        document = {"inputs": self.inputs, "lineage": {"attempt": spec.attempt_id, "job": JOB}, "hardware": {}}
        spec = replace(spec, recipe_inputs={**document, "recipe": {"image_digest": ""}}, grace_s=5)
        self.stage.platform.open_attempt(spec.attempt_id, JOB)
        self.stage.backend().create(spec)
        folder = Places(self.stage.root).folder(name)
        self.uids.append(read_json(folder.spec)["uid"])
        if is_killed:
            time.sleep(self.chance.uniform(0, 1.5))
            for kind in self.kinds:
                self._kill(kind, folder)
        observation = self._until_ended(name)
        assert processes.marked(self.uids[-1]) == []
        self.stage.platform.close_attempt(spec.attempt_id)
        return observation

    def _kill(self, kind, folder):
        record = read_json(folder.run) or {}
        pid = folder.lock_holder() if kind == "wrapper" else record.get("train_pid")
        if pid and (kind == "wrapper" or pid in processes.marked(self.uids[-1])):
            os.kill(pid, signal.SIGKILL)

    def _until_ended(self, name: str) -> Observation:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            [observation] = self.stage.backend().observe([name])
            if observation.phase is Phase.ENDED:
                return observation
            time.sleep(0.03)
        raise AssertionError(f"{name} does not end: {observation}")

    def check(self) -> None:
        job = self.stage.platform.jobs[JOB]
        places = [(c["fence"], c["step"]) for c in job.accepted]
        assert places == sorted(set(places)), "checkpoints were accepted out of order or twice"
        root = self.stage.backend().checkpoint_root(JOB)
        for fence, step in places[-2:]:
            assert (root / str(fence) / str(step) / "state").read_bytes() == state_after(step)
        assert len(job.outputs) == 1
        stretches = [pod for o in self.ended for pod in o.pods if pod.started_at]
        assert len({pod.uid for pod in stretches}) == len(stretches)
        for earlier, later in itertools.pairwise(stretches):
            assert earlier.started_at <= earlier.ended_at <= later.started_at
        for uid in self.uids:
            assert processes.marked(uid) == []


def state_after(step: int) -> bytes:
    state = hashlib.sha256(b"seed 0").digest()
    for _ in range(step):
        state = hashlib.sha256(state).digest()
    return state


KINDS = pytest.mark.parametrize(
    "kinds", [("wrapper",), ("train",), ("wrapper", "train"), ("train", "wrapper")], ids=lambda kinds: "+".join(kinds)
)


@KINDS
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_the_job_ends_once_and_right(stage, kinds, seed):
    driver = Driver(stage, kinds, seed)
    driver.run_to_success(kills=2)
    driver.check()
    assert stage.platform.jobs[JOB].outputs[0]["manifest"]["step"] == STEPS


@pytest.mark.soak
@KINDS
@pytest.mark.parametrize("seed", range(100, 125))
def test_killed_more_often_it_still_does(stage, kinds, seed):
    driver = Driver(stage, kinds, seed)
    driver.run_to_success(kills=4)
    driver.check()
