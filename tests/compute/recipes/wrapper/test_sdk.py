"""The tracker's real SDK under the wrapper: its core process has a session of its own and must not stay."""

from __future__ import annotations

import os
import signal

import pytest

from compute.recipes.wrapper import processes
from tests.compute.recipes.wrapper.attempts import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.kill]

AWAY = {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_PROJECT": "walks", "WANDB_SILENT": "true"}
TRAIN = """
import wandb
run = wandb.init()
run.log({"loss": 1.0})
print("tracking", flush=True)
"""


def core_processes(attempt):
    """Descendants that left training's session, as the SDK's core does."""
    training = attempt.train_pid()
    return [pid for pid in processes.marked(attempt.uid) if os.getsid(pid) != training]


def test_training_tracks_offline_while_the_intake_is_away(attempt):
    one = attempt(TRAIN + "run.finish(); output(a='b')", env=AWAY, memory_bytes=2 << 30)
    ending = one.run(within_s=60)
    assert (ending["code"], ending["reason"]) == (0, "completed"), one.log()
    [run] = (one.folder.work / "wandb").glob("offline-run-*")
    assert list(run.glob("*.wandb"))


def test_core_of_a_killed_training_ends_with_the_attempt(attempt):
    one = attempt(TRAIN + "wait()", env=AWAY, memory_bytes=2 << 30)
    one.start()
    wait_for(lambda: "tracking" in one.log(), within_s=60)
    assert core_processes(one) != []
    os.kill(one.train_pid(), signal.SIGKILL)
    ending = one.finish(within_s=30)
    assert (ending["failure_class"], ending["reason"]) == ("node-lost", "killed")
