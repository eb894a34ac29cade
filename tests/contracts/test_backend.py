"""What every Backend promises, asked of each implementation with the same words."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from compute.jobs.backends.base import BackendConflict, FailureClass, Phase
from tests.contracts.backends import FakeStage, LocalStage, Stage

NAMES = ("tj-a-1", "tj-b-1")


@pytest.fixture(params=[FakeStage, LocalStage], ids=["fake", "local"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    one: Stage = request.param(tmp_path)
    yield one
    one.close(NAMES)


def test_capabilities_are_those_of_one_host(stage):
    capabilities = stage.backend().capabilities()
    assert (capabilities.hosts, capabilities.max_concurrent) == (1, 1)
    assert capabilities.cpu_count >= 1
    assert capabilities.memory_bytes > 0


def test_unknown_names_are_absent_and_answers_come_in_order(stage):
    stage.backend().create(stage.waiting("tj-a-1"))
    observations = stage.backend().observe(["tj-x-1", "tj-a-1", "tj-y-1"])
    assert [o.name for o in observations] == ["tj-x-1", "tj-a-1", "tj-y-1"]
    assert [o.phase is Phase.ABSENT for o in observations] == [True, False, True]
    assert stage.backend().observe([]) == []


def test_unknown_names_can_be_stopped_deleted_and_read(stage):
    backend = stage.backend()
    backend.request_stop("tj-x-1")
    backend.delete("tj-x-1")
    part = backend.read_log("tj-x-1", 5, 10)
    assert (part.offset, part.data, part.is_end) == (5, b"", True)


def test_create_repeated_adopts_and_starts_nothing_new(stage):
    spec = stage.waiting("tj-a-1")
    first = stage.backend().create(spec)
    running = stage.bring("tj-a-1", Phase.RUNNING)
    again = stage.backend().create(spec)
    assert first.uid == running.uid == again.uid
    assert again.phase is Phase.RUNNING
    assert again.pods == running.pods
    assert stage.backend().read_log("tj-a-1", 0, 100).data == b"ready\n"


def test_create_with_renewed_secrets_adopts(stage):
    spec = stage.waiting("tj-a-1")
    first = stage.backend().create(spec)
    again = stage.backend().create(replace(spec, secrets={"HEADWATERS_JOB_TOKEN": "another"}))
    assert first.uid == again.uid


def test_create_of_another_specification_conflicts_and_harms_nothing(stage):
    spec = stage.waiting("tj-a-1")
    stage.backend().create(spec)
    stage.bring("tj-a-1", Phase.RUNNING)
    with pytest.raises(BackendConflict, match="tj-a-1"):
        stage.backend().create(replace(spec, wall_limit_s=61))
    [observation] = stage.backend().observe(["tj-a-1"])
    assert (observation.phase, observation.spec_sha256) == (Phase.RUNNING, spec.spec_sha256)


def test_many_creates_at_once_make_one_attempt(stage):
    spec = stage.waiting("tj-a-1")
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(stage.backend().create(spec).uid)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1
    stage.bring("tj-a-1", Phase.RUNNING)
    assert stage.backend().read_log("tj-a-1", 0, 100).data == b"ready\n"


def test_running_attempt_shows_one_open_pod(stage):
    spec = stage.waiting("tj-a-1")
    stage.backend().create(spec)
    observation = stage.bring("tj-a-1", Phase.RUNNING)
    [pod] = observation.pods
    assert (pod.index, pod.accelerators, pod.ended_at) == (0, 2, None)
    assert pod.node
    assert pod.uid
    assert pod.scheduled_at <= pod.started_at <= observation.last_seen_at
    assert (observation.exit_code, observation.failure_class, observation.reason) == (None, None, "")


def test_success_has_no_failure_class_and_a_closed_pod(stage):
    stage.backend().create(stage.ending("tj-a-1", 0))
    observation = stage.bring("tj-a-1", Phase.ENDED)
    assert (observation.exit_code, observation.failure_class, observation.reason) == (0, None, "completed")
    [pod] = observation.pods
    assert pod.started_at < pod.ended_at <= observation.last_seen_at
    assert stage.backend().observe(["tj-a-1"])[0].pods == observation.pods


@pytest.mark.parametrize(
    ("code", "failure_class"),
    [
        (1, FailureClass.USER_CODE),
        (3, FailureClass.USER_CODE),
        (64, FailureClass.USER_CONFIG),
        (65, FailureClass.USER_CONFIG),
        (66, FailureClass.USER_CONFIG),
        (77, FailureClass.USER_CONFIG),
        (78, FailureClass.USER_CONFIG),
        (75, FailureClass.PREEMPTED),
    ],
)
def test_exit_codes_have_their_classes(stage, code, failure_class):
    line = json.dumps({"field": "lr", "rule": "r", "way_out": "w"})
    stage.backend().create(stage.ending("tj-a-1", code, f"{line}\n"))
    observation = stage.bring("tj-a-1", Phase.ENDED)
    assert (observation.exit_code, observation.failure_class, observation.text) == (code, failure_class, line)


def test_requested_stop_ends_as_stopped_and_is_no_failure(stage):
    stage.backend().create(stage.waiting("tj-a-1"))
    stage.bring("tj-a-1", Phase.RUNNING)
    stage.backend().request_stop("tj-a-1")
    stage.backend().request_stop("tj-a-1")
    observation = stage.bring("tj-a-1", Phase.ENDED)
    assert (observation.exit_code, observation.failure_class, observation.reason) == (75, None, "stopped")


def test_stop_after_the_end_changes_nothing(stage):
    stage.backend().create(stage.ending("tj-a-1", 1))
    before = stage.bring("tj-a-1", Phase.ENDED)
    stage.backend().request_stop("tj-a-1")
    [after] = stage.backend().observe(["tj-a-1"])
    assert (after.exit_code, after.failure_class, after.pods) == (1, FailureClass.USER_CODE, before.pods)


def test_create_after_the_end_adopts_the_ended_attempt(stage):
    spec = stage.ending("tj-a-1", 1)
    stage.backend().create(spec)
    before = stage.bring("tj-a-1", Phase.ENDED)
    again = stage.backend().create(spec)
    assert (again.phase, again.uid, again.pods) == (Phase.ENDED, before.uid, before.pods)


def test_delete_ends_and_forgets_and_can_be_repeated(stage):
    stage.backend().create(stage.waiting("tj-a-1"))
    stage.bring("tj-a-1", Phase.RUNNING)
    stage.backend().delete("tj-a-1")
    stage.backend().delete("tj-a-1")
    assert stage.backend().observe(["tj-a-1"])[0].phase is Phase.ABSENT
    assert stage.backend().read_log("tj-a-1", 0, 100).data == b""


def test_deleted_name_can_be_created_anew(stage):
    spec = stage.waiting("tj-a-1")
    first = stage.backend().create(spec)
    stage.backend().delete("tj-a-1")
    assert stage.backend().create(spec).uid != first.uid


def test_log_is_read_in_parts_up_to_its_end(stage):
    stage.backend().create(stage.ending("tj-a-1", 1, "one two three"))
    stage.bring("tj-a-1", Phase.ENDED)
    backend = stage.backend()
    part = backend.read_log("tj-a-1", 0, 4)
    assert (part.offset, part.data, part.is_end) == (0, b"one ", False)
    part = backend.read_log("tj-a-1", 4, 100)
    assert (part.offset, part.data, part.is_end) == (4, b"two three", True)
    part = backend.read_log("tj-a-1", 13, 100)
    assert (part.offset, part.data, part.is_end) == (13, b"", True)


def test_log_of_a_running_attempt_has_no_end(stage):
    stage.backend().create(stage.waiting("tj-a-1"))
    stage.bring("tj-a-1", Phase.RUNNING)
    part = stage.backend().read_log("tj-a-1", 0, 100)
    assert (part.data, part.is_end) == (b"ready\n", False)


def test_checkpoints_belong_to_the_job(stage):
    backend = stage.backend()
    assert backend.checkpoint_root("01JOB") == stage.backend().checkpoint_root("01JOB")
    assert backend.checkpoint_root("01JOB") != backend.checkpoint_root("01OTHER")
