"""How a training process ends: codes, last lines, stops, leases. On the standard-library runner."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compute.recipes.runtime.disk import canonical_json, sha256_bytes
from tests.compute.recipes.conftest import Walk
from tests.compute.recipes.training import gate


def test_success_commits_an_output_that_its_manifest_describes(walk: Walk) -> None:
    job = walk()
    ended = job.run()
    assert (ended.code, ended.errors) == (0, "")
    raw = (job.output / "manifest.json").read_bytes()
    manifest = json.loads(raw)
    assert raw == canonical_json(manifest)
    assert (manifest["kind"], manifest["fence"], manifest["step"], manifest["job"]) == ("output", 1, 8, "01JOB")
    assert {entry["path"] for entry in manifest["files"]} == {
        "README.md",
        "config.json",
        "energy.json",
        "metrics.json",
        "model.safetensors",
    }
    for entry in manifest["files"]:
        content = (job.output / entry["path"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(content), sha256_bytes(content))
    assert {path.name for path in job.output.iterdir()} == {entry["path"] for entry in manifest["files"]} | {
        "manifest.json"
    }
    assert set(manifest) == {
        "job", "attempt", "fence", "recipe", "recipe_version", "code_sha256", "image_digest", "inputs_sha256", "seed",
        "step", "world_size", "device_kind", "device_count", "cpu_count", "libraries", "data_cursor",
        "weights_sha256", "kind", "files",
    }  # fmt: skip


def test_a_failed_gate_is_a_success_that_says_so(walk: Walk) -> None:
    job = walk(outcome="failed-gate")
    assert job.run().code == 0
    assert not gate(job.metrics(), "beats_baseline")["passed"]


@pytest.mark.parametrize("code", [64, 65, 66, 77, 78])
def test_a_users_error_ends_with_its_code_and_a_json_line(walk: Walk, code: int) -> None:
    ended = walk(outcome=f"exit-{code}").run()
    assert ended.code == code
    assert ended.refusal["field"] == "outcome"


@pytest.mark.parametrize(
    ("outcome", "code"), [("exception", 1), ("exit-3", 3), ("kill-self", -signal.SIGKILL), ("not-finite", 65)]
)
def test_other_endings(walk: Walk, outcome: str, code: int) -> None:
    job = walk(outcome=outcome)
    ended = job.run()
    assert ended.code == code
    assert not (job.output / "manifest.json").exists()
    if outcome == "exception":
        assert "RuntimeError: the recipe failed, as asked" in ended.errors
    if outcome == "not-finite":
        assert ended.refusal["rule"] == "The loss was not finite in 3 steps in a row, last at step 5."


def test_failing_below_a_fence_lets_a_later_attempt_succeed(walk: Walk) -> None:
    job = walk(outcome="exit-3", fail_while_fence_below=2)
    assert job.run().code == 3
    job.grant(2)
    assert job.run(fence=2).code == 0


@pytest.mark.parametrize(
    ("inputs", "field"),
    [({"seed": 2**32}, "seed"), ({"max_steps": None, "nonsense": 1}, "nonsense"), ({"step_ms": "NaN"}, "step_ms")],
)
def test_inputs_that_the_form_would_refuse_are_refused_here_too(walk: Walk, inputs: dict, field: str) -> None:
    ended = walk(**inputs).run()
    assert ended.code == 64
    assert ended.refusal["field"] == field


@pytest.mark.parametrize("content", ["", "[]", "{", '{"inputs": 3}', '{"inputs": {}, "files": 1}', '{"inputs": null}'])
def test_an_unreadable_document_is_refused(walk: Walk, content: str) -> None:
    job = walk()
    (job.root / "broken.json").write_text(content)
    job.environ["RECIPE_INPUTS"] = str(job.root / "broken.json")
    assert job.run().code == 64


@pytest.mark.parametrize(
    ("name", "value"), [("RECIPE_FENCE", "one"), ("RECIPE_OUTPUT", ""), ("RECIPE_WORK", "/proc/nowhere")]
)
def test_wrong_variables_are_refused_by_name(walk: Walk, name: str, value: str) -> None:
    job = walk()
    job.environ[name] = value
    ended = job.run()
    assert (ended.code, ended.refusal["field"]) == (64, name)


@pytest.mark.parametrize(
    "changes", [{"path": "/nowhere"}, {"bytes": 3}, {"sha256": "0" * 64}], ids=["missing", "size", "hash"]
)
def test_an_input_that_is_not_what_was_promised_ends_with_66(walk: Walk, changes: dict) -> None:
    job = walk()
    job.add_file("text.txt", b"words", **changes)
    ended = job.run()
    assert (ended.code, ended.refusal["field"]) == (66, "dataset")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_the_step_commits_a_checkpoint_and_exits_75(walk: Walk, number: signal.Signals) -> None:
    job = walk(max_steps=500, step_ms=20, checkpoint_every_steps=0)
    job.start()
    job.wait_for("step 4/500")
    asked = time.monotonic()
    job.send(number)
    ended = job.end()
    assert time.monotonic() - asked < 5
    assert ended.code == 75
    (step,) = job.steps()
    assert f"Run again: asked to stop by {number.name}; checkpoint at step {step}." in ended.errors
    assert f"step {step}/500" in ended.log
    assert f"step {step + 1}/500" not in ended.log


def test_stopping_twice_is_stopping_once(walk: Walk) -> None:
    job = walk(max_steps=500, step_ms=20)
    job.start()
    job.wait_for("step 4/500")
    for _ in range(5):
        job.send(signal.SIGTERM)
    assert job.end().code == 75


def test_a_runner_told_to_ignores_sigterm(walk: Walk) -> None:
    job = walk(max_steps=30, step_ms=20, ignore_sigterm=True)
    job.start()
    job.wait_for("step 2/30")
    job.send(signal.SIGTERM)
    assert job.end().code == 0


def test_the_death_of_the_parent_counts_as_a_stop(walk: Walk, tmp_path: Path) -> None:
    job = walk(max_steps=2_000, step_ms=20, checkpoint_every_steps=0)
    keeper = f"import subprocess, sys; subprocess.run({[sys.executable, '-m', job.module]!r})"
    job.python = sys.executable
    job.start(prefix=(sys.executable, "-c", keeper))
    job.wait_for("step 3/2000")
    job.send(signal.SIGKILL)
    job.end()
    deadline = time.monotonic() + 10
    while not job.steps() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(job.steps()) == 1


def test_a_lease_of_a_newer_fence_ends_training_at_once_without_a_commit(walk: Walk) -> None:
    job = walk(max_steps=2_000, step_ms=20, checkpoint_every_steps=1_000)
    job.start()
    job.wait_for("step 3/2000")
    job.grant(2)
    ended = job.end()
    assert ended.code == 75
    assert "fence 2 holds the lease, this attempt has 1" in ended.errors
    assert job.steps() == []


@pytest.mark.parametrize("seconds", [-1, 0, 4])
def test_an_expired_lease_lets_training_go_on_but_nothing_is_committed(walk: Walk, seconds: float) -> None:
    job = walk(max_steps=20, checkpoint_every_steps=10)
    job.grant(1, seconds=seconds)
    ended = job.run()
    assert ended.code == 75
    assert "step 10/20" in ended.log
    assert list((job.checkpoints / "1").iterdir()) == []


def test_a_missing_or_broken_lease_file_is_a_lost_lease(walk: Walk) -> None:
    job = walk(max_steps=2_000, step_ms=20)
    job.start()
    job.wait_for("step 2/2000")
    (job.root / "lease.json").write_text('{"fence": 1}')
    ended = job.end()
    assert ended.code == 75
    assert "the lease file cannot be read" in ended.errors


def test_an_output_is_not_committed_when_the_lease_is_lost_at_the_end(walk: Walk) -> None:
    job = walk(max_steps=3, checkpoint_every_steps=0, output_bytes=200 << 20)
    job.start()
    job.wait_for("checkpoint 1/3 committed")
    job.grant(2)
    ended = job.end()
    assert ended.code == 75
    assert not (job.output / "manifest.json").exists()


def test_checkpoint_by_brings_one_checkpoint_forward(walk: Walk) -> None:
    job = walk(max_steps=2_000, step_ms=20, checkpoint_every_steps=0)
    job.start()
    job.wait_for("step 2/2000")
    job.grant(1, checkpoint_by=datetime.now(UTC) + timedelta(minutes=5))
    job.wait_for("committed")
    job.wait_for(f"step {job.steps()[0] + 5}/2000")
    assert len(job.steps()) == 1


def test_an_attempt_that_has_committed_its_output_only_leaves(walk: Walk) -> None:
    job = walk()
    assert job.run().code == 0
    before = (job.output / "manifest.json").read_bytes()
    ended = job.run()
    assert (ended.code, ended.log) == (0, "The output of this attempt is committed already.\n")
    assert (job.output / "manifest.json").read_bytes() == before


def test_what_an_earlier_fence_left_in_the_output_is_replaced(walk: Walk) -> None:
    job = walk()
    assert job.run().code == 0
    (job.output / "leftover").write_text("x")
    job.grant(2)
    assert job.run(fence=2).code == 0
    assert job.manifest()["fence"] == 2
    assert not (job.output / "leftover").exists()


def test_a_full_disk_is_said_and_leaves_no_half_checkpoint(walk: Walk) -> None:
    job = walk(checkpoint_bytes=8 << 20)
    limit = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20,) * 2);"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    ended = job.run(prefix=(sys.executable, "-c", limit))
    assert ended.code == 78
    assert ended.refusal["field"] == "disk"
    assert list((job.checkpoints / "1").iterdir()) == []


def test_a_tracker_that_does_not_answer_never_ends_training(walk: Walk) -> None:
    job = walk(track=True)
    job.environ |= {"WANDB_BASE_URL": "http://127.0.0.1:9", "WANDB_API_KEY": "local-" + "0" * 40}
    ended = job.run()
    assert ended.code == 0
    assert "recording offline" in ended.log
    assert list((job.root / "work" / "wandb").glob("offline-run-*"))


def test_a_stop_closes_the_run_too(walk: Walk) -> None:
    job = walk(max_steps=5_000, step_ms=5, track=True)
    job.environ["WANDB_MODE"] = "offline"
    job.start()
    job.wait_for("step 3/5000")
    job.send(signal.SIGTERM)
    ended = job.end()
    assert ended.code == 75
    assert "The tracker failed" not in ended.log
    assert ended.errors.splitlines()[-1].startswith("Run again: asked to stop by SIGTERM")


def test_without_a_tracker_the_log_is_enough(walk: Walk) -> None:
    ended = walk(track=True).run()
    assert ended.code == 0
    assert "No tracker is configured" in ended.log


def test_runner_can_leave_a_child_grow_and_talk(walk: Walk) -> None:
    job = walk(leave_child=True, grow_mib_per_step=4, log_bytes_per_step=100_000)
    ended = job.run()
    assert ended.code == 0
    assert len(ended.log) > 8 * 100_000
    (left,) = [line.removeprefix("left child ") for line in ended.log.splitlines() if line.startswith("left child ")]
    os.kill(int(left), signal.SIGKILL)
