"""Committing and resuming: exactness, hashes, and falling back. On the standard-library runner."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compute.recipes.runtime.checkpoints import Checkpoints
from compute.recipes.runtime.disk import canonical_json
from compute.recipes.runtime.job import read_job
from compute.recipes.runtime.manifest import Surroundings
from tests.compute.recipes.conftest import Walk
from tests.compute.recipes.stdlib_runner.recipe import RECIPE


def rewrite(folder: Path, **changes: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes()) | changes
    (folder / "manifest.json").write_bytes(canonical_json(manifest))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


BREAKAGES: dict[str, Callable[[Path], object]] = {
    "a flipped bit": lambda folder: flip(folder / "state"),
    "a truncated file": lambda folder: (folder / "state").write_bytes(b"short"),
    "a missing file": lambda folder: (folder / "state").unlink(),
    "an extra file": lambda folder: (folder / "extra").write_text("x"),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "half a manifest": lambda folder: (folder / "manifest.json").write_bytes(b'{"job":'),
    "a manifest in another form": lambda folder: (folder / "manifest.json").write_text(
        json.dumps(json.loads((folder / "manifest.json").read_text()), indent=1)
    ),
    "a manifest that is a list": lambda folder: (folder / "manifest.json").write_text("[]"),
    "no file list": lambda folder: rewrite(folder, files=None),
    "another job": lambda folder: rewrite(folder, job="01OTHER"),
    "other inputs": lambda folder: rewrite(folder, inputs_sha256="0" * 64),
    "another seed": lambda folder: rewrite(folder, seed=9),
    "another step": lambda folder: rewrite(folder, step=3),
    "an output": lambda folder: rewrite(folder, kind="output"),
    "a step that is no number": lambda folder: rewrite(folder, step="6"),
    "no cursor": lambda folder: rewrite(folder, data_cursor=None),
    "no folder": shutil.rmtree,
}


def weights(job: Any) -> str:
    return str(job.manifest()["weights_sha256"])


def test_the_last_three_are_kept_and_the_last_step_is_always_one(walk: Walk) -> None:
    job = walk(max_steps=20)
    assert job.run().code == 0
    assert job.steps() == [15, 18, 20]
    assert json.loads((job.checkpoint(1, 20) / "manifest.json").read_bytes())["kind"] == "checkpoint"


def test_killed_and_resumed_ends_with_the_same_bytes(walk: Walk) -> None:
    whole = walk(max_steps=40, seed=7)
    assert whole.run().code == 0
    killed = walk(max_steps=40, seed=7, step_ms=15)
    killed.start()
    killed.wait_for("step 14/40")
    killed.send(signal.SIGKILL)
    assert killed.end().code == -signal.SIGKILL
    last = killed.steps()[-1]
    killed.grant(2)
    ended = killed.run(fence=2, resume=killed.checkpoint(1, last))
    assert ended.code == 0
    assert f"resumed after step {last}" in ended.log
    assert weights(killed) == weights(whole)
    assert weights(killed) != weights_of_another_seed(walk)


def weights_of_another_seed(walk: Walk) -> str:
    other = walk(max_steps=40, seed=8)
    assert other.run().code == 0
    return weights(other)


def test_leftovers_of_a_kill_in_the_middle_of_a_commit_are_ignored(walk: Walk) -> None:
    job = walk()
    draft = job.checkpoint(1, 3).with_name("3.tmp")
    draft.mkdir(parents=True)
    (draft / "state").write_text("half")
    assert job.run().code == 0
    assert job.steps() == [3, 6, 8]
    assert not draft.exists()


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_checkpoint_falls_back_to_the_one_before_and_is_reported(walk: Walk, breakage: str) -> None:
    job = walk()
    assert job.run().code == 0
    right = weights(job)
    BREAKAGES[breakage](job.checkpoint(1, 6))
    job.grant(2)
    ended = job.run(fence=2, resume=job.checkpoint(1, 6))
    assert ended.code == 0
    assert "Checkpoint 1/6 cannot be used: " in ended.log
    assert "resumed after step 3" in ended.log
    assert weights(job) == right


def test_with_no_whole_checkpoint_left_training_begins_again(walk: Walk) -> None:
    job = walk()
    assert job.run().code == 0
    right = weights(job)
    for step in job.steps():
        flip(job.checkpoint(1, step) / "state")
    job.grant(2)
    ended = job.run(fence=2, resume=job.checkpoint(1, 8))
    assert ended.log.count("cannot be used") == 3
    assert "resumed" not in ended.log
    assert weights(job) == right


def test_only_earlier_checkpoints_stand_in_for_the_named_one(walk: Walk) -> None:
    job = walk()
    assert job.run().code == 0
    flip(job.checkpoint(1, 3) / "state")
    job.grant(2)
    ended = job.run(fence=2, resume=job.checkpoint(1, 3))
    assert "resumed" not in ended.log


def test_without_a_named_checkpoint_training_begins_at_the_start(walk: Walk) -> None:
    job = walk()
    assert job.run().code == 0
    job.grant(2)
    ended = job.run(fence=2)
    assert "step 1/8" in ended.log


def test_stale_writer_does_not_touch_what_the_newer_fence_wrote(walk: Walk) -> None:
    job = walk(max_steps=30, step_ms=20)
    job.start()
    job.wait_for("checkpoint 1/6 committed")
    job.grant(2)
    assert job.end().code == 75
    mine = job.steps()
    assert job.run(fence=2, resume=job.checkpoint(1, mine[-1])).code == 0
    assert job.steps() == mine
    assert job.steps(2) == [24, 27, 30]


def test_the_named_checkpoint_survives_pruning_under_the_same_fence(walk: Walk) -> None:
    job = walk(max_steps=30, step_ms=20)
    job.start()
    job.wait_for("checkpoint 1/6 committed")
    job.send(signal.SIGKILL)
    job.end()
    assert job.run(fence=1, resume=job.checkpoint(1, 6)).code == 0
    assert job.steps() == [6, 24, 27, 30]


def test_a_resumed_job_that_had_finished_its_steps_only_writes_its_output(walk: Walk) -> None:
    job = walk()
    assert job.run().code == 0
    right = weights(job)
    shutil.rmtree(job.output)
    job.grant(2)
    ended = job.run(fence=2, resume=job.checkpoint(1, 8))
    assert ended.code == 0
    assert "step 8/8" not in ended.log
    assert weights(job) == right


def test_a_resumption_on_another_number_of_processors_is_not_called_exact(walk: Walk) -> None:
    job = walk()
    assert job.run().code == 0
    rewrite(job.checkpoint(1, 6), cpu_count=96)
    environ = {name: str(job.root / name) for name in ("RECIPE_WORK", "RECIPE_CHECKPOINTS", "RECIPE_OUTPUT")}
    environ |= {
        "RECIPE_INPUTS": str(job.root / "inputs.json"),
        "RECIPE_CHECKPOINTS": str(job.checkpoints),
        "RECIPE_RESUME": str(job.checkpoint(1, 6)),
    }
    found = Checkpoints(read_job(RECIPE, environ), Surroundings()).resume()
    assert found.as_json() == {"from_step": 6, "exact": False, "differences": ["cpu_count"], "rejected": []}
