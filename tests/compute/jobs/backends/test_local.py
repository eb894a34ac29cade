"""What the local backend promises beyond the contract: deaths, adoption, environments, files."""

from __future__ import annotations

import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compute.jobs.backends.base import BackendError, FailureClass, Phase
from compute.jobs.backends.local import LocalBackend, stop_all
from compute.jobs.backends.local.places import Places
from compute.recipes.wrapper import processes
from compute.recipes.wrapper.folder import read_json
from compute.recipes.wrapper.plan import LOG_LIMIT_BYTES
from tests.compute.recipes.wrapper.attempts import CODE_ROOT, wait_for
from tests.contracts.backends import JOB, make_spec

pytestmark = pytest.mark.slow
NAME = "tj-a-1"


def folder_of(stage):
    return Places(stage.root).folder(NAME)


def kill_wrapper(stage):
    holder = folder_of(stage).lock_holder()
    os.kill(holder, signal.SIGKILL)
    wait_for(lambda: folder_of(stage).lock_holder() is None)


def test_attempt_survives_the_process_that_created_it_and_is_no_child_of_it(stage):
    code = f"""
import sys, pickle
from pathlib import Path
from compute.jobs.backends.local import LocalBackend
spec = pickle.loads(sys.stdin.buffer.read())
LocalBackend(Path({str(stage.root)!r}), Path({str(CODE_ROOT)!r}), {{"web": Path({sys.executable!r})}}).create(spec)
"""
    spec = stage.waiting(NAME)
    subprocess.run([sys.executable, "-c", code], input=pickle.dumps(spec), cwd=CODE_ROOT, check=True, timeout=60)
    stage.bring(NAME, Phase.RUNNING)
    holder = folder_of(stage).lock_holder()
    assert os.getsid(holder) not in (os.getsid(0), 0)
    assert holder not in processes.descendants(os.getpid())


def test_creating_process_keeps_no_child_to_reap(stage):
    before = processes.children(os.getpid())
    stage.backend().create(stage.waiting(NAME))
    assert processes.children(os.getpid()) == before


def test_platforms_own_environment_does_not_reach_the_attempt(stage, monkeypatch):
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://secret")
    stage.backend().create(stage.waiting(NAME))
    stage.bring(NAME, Phase.RUNNING)
    record = read_json(folder_of(stage).run)
    for pid in (record["pid"], record["train_pid"]):
        assert b"postgres://secret" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_run_folder_is_its_owners_alone(stage):
    stage.backend().create(stage.waiting(NAME))
    folder = folder_of(stage)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.secrets.stat().st_mode) == 0o600


def test_vanished_wrapper_is_a_lost_node_only_once_training_is_gone(stage):
    text = """
    def late(): time.sleep(1); commit(7)
    leave_at_sigterm(75, late); print("ready"); wait()
    """
    spec = stage._spec(NAME, text)
    stage.backend().create(spec)
    stage.bring(NAME, Phase.RUNNING)
    beat = folder_of(stage).last_beat()
    kill_wrapper(stage)
    [observation] = stage.backend().observe([NAME])
    assert (observation.phase, observation.reason) == (Phase.RUNNING, "wrapper-vanished")
    observation = stage.bring(NAME, Phase.ENDED)
    assert (stage.backend().checkpoint_root(JOB) / "1/7/manifest.json").exists()
    assert (observation.exit_code, observation.failure_class) == (None, FailureClass.NODE_LOST)
    [pod] = observation.pods
    assert pod.started_at <= pod.ended_at
    assert abs(pod.ended_at - beat) < timedelta(seconds=3)
    time.sleep(0.05)
    assert stage.backend().observe([NAME])[0].pods == observation.pods


def test_survivors_of_a_vanished_wrapper_are_killed_after_the_grace(stage):
    spec = stage._spec(NAME, "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); wait()")
    stage.backend().create(spec)
    stage.bring(NAME, Phase.RUNNING)
    folder = folder_of(stage)
    kill_wrapper(stage)
    uid = read_json(folder.spec)["uid"]
    assert stage.backend().observe([NAME])[0].phase is Phase.RUNNING
    assert processes.marked(uid) != []
    long_ago = time.time() - spec.grace_s - 6
    os.utime(folder.heartbeat, (long_ago, long_ago))
    started_at = datetime.fromtimestamp(long_ago - 5, UTC).isoformat()
    record = {**read_json(folder.run), "started_at": started_at, "scheduled_at": started_at}
    folder.run.write_text(json.dumps(record))
    observation = stage.bring(NAME, Phase.ENDED)
    assert observation.failure_class is FailureClass.NODE_LOST
    assert processes.marked(uid) == []


def test_ended_training_whose_output_is_still_on_its_way_costs_nothing_more(stage):
    spec = stage._spec(NAME, "output(a='b'); print('ready'); time.sleep(0.5)")
    stage.backend().create(spec)
    stage.bring(NAME, Phase.RUNNING)
    stage.platform.is_down = True
    wait_for(lambda: stage.backend().observe([NAME])[0].pods[0].ended_at)
    [observation] = stage.backend().observe([NAME])
    assert observation.phase is Phase.RUNNING
    stage.platform.is_down = False
    ended = stage.bring(NAME, Phase.ENDED)
    assert ended.pods == observation.pods
    assert ended.reason == "completed"


def test_missing_environment_ends_the_attempt_with_the_platforms_class(stage):
    observation = stage.backend().create(replace(make_spec(NAME), environment="recipes-none"))
    assert (observation.phase, observation.failure_class) == (Phase.ENDED, FailureClass.PLATFORM)
    assert "recipes-none is not installed" in observation.text
    assert observation.pods == ()


def test_wrapper_that_cannot_start_is_reported_with_its_last_words(stage):
    backend = LocalBackend(stage.root, stage.root.parent, {"web": Path(sys.executable)})
    observation = backend.create(make_spec(NAME))
    assert (observation.phase, observation.reason) == (Phase.ENDED, "spawn-failed")
    assert "No module named" in observation.text


@pytest.mark.parametrize("name", ["../x", "", "a/b", "Tj-1", ".new-a", "a" * 64])
def test_names_are_no_paths(stage, name):
    with pytest.raises(BackendError, match="no name"):
        stage.backend().observe([name])


def test_log_grows_no_further_than_its_limit_for_readers(stage):
    stage.backend().create(stage.waiting(NAME))
    stage.bring(NAME, Phase.RUNNING)
    folder = folder_of(stage)
    os.truncate(folder.log, LOG_LIMIT_BYTES + 10)
    part = stage.backend().read_log(NAME, LOG_LIMIT_BYTES - 5, 100)
    assert len(part.data) in (0, 5)
    assert not part.is_end


def test_stop_all_lets_every_attempt_checkpoint_and_leaves_it_to_be_resumed(stage):
    text = "leave_at_sigterm(75, lambda: commit(3)); print('ready'); wait()"
    spec = stage._spec(NAME, text)
    stage.backend().create(spec)
    stage.bring(NAME, Phase.RUNNING)
    stubborn = replace(stage._spec("tj-b-1", "signal.signal(15, signal.SIG_IGN); print('ready'); wait()"), grace_s=60)
    stage.backend().create(stubborn)
    stage.bring("tj-b-1", Phase.RUNNING)
    stopped = {one.name: one.is_forced for one in stop_all(stage.root, grace_s=3)}
    assert stopped == {NAME: False, "tj-b-1": True}
    polite, killed = stage.backend().observe([NAME, "tj-b-1"])
    assert (polite.phase, polite.exit_code, polite.failure_class) == (Phase.ENDED, 75, FailureClass.PREEMPTED)
    assert (killed.phase, killed.failure_class) == (Phase.ENDED, FailureClass.NODE_LOST)
    assert [c["step"] for c in stage.platform.jobs[f"job-of-{NAME}"].accepted] == [3]
    assert stop_all(stage.root, grace_s=1) == []
    assert stop_all(stage.root / "nothing", grace_s=1) == []


def test_delete_ends_what_a_vanished_wrapper_left(stage):
    spec = stage._spec(NAME, "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); wait()")
    stage.backend().create(spec)
    stage.bring(NAME, Phase.RUNNING)
    uid = read_json(folder_of(stage).spec)["uid"]
    kill_wrapper(stage)
    stage.backend().delete(NAME)
    assert processes.marked(uid) == []
    assert not folder_of(stage).path.exists()


def create_and_die(stage, spec, *, at_event):
    """Create in a fork that is killed at its n-th operation on files or processes; True if it got through."""
    counted = ("open", "os.", "shutil.", "subprocess.", "fcntl.")
    pid = os.fork()
    if pid == 0:
        left = at_event

        def count(event, _arguments):
            nonlocal left
            if event.startswith(counted):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(count)
            stage.backend().create(spec)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("start", [1, 2, 3, 4])
def test_create_killed_between_any_two_steps_is_finished_by_the_next(stage, start):
    """Every fourth operation from `start` on; the four cases together meet all of them."""
    at_event = start
    is_through = False
    while not is_through:
        name = f"tj-n{at_event}-1"
        spec = replace(stage._spec(name, "print(os.getpid()); leave_at_sigterm(); wait()"), grace_s=2)
        is_through = create_and_die(stage, spec, at_event=at_event)
        stage.backend().create(spec)
        folder = Places(stage.root).folder(name)
        wait_for(lambda folder=folder: folder.log.exists() and folder.log.read_text(), what=f"training of {name}")
        again = stage.backend().create(spec)
        assert again.phase is Phase.RUNNING
        assert len(folder.log.read_text().splitlines()) == 1, f"two trainings after a death at {at_event}"
        assert folder.wrapper_log.read_text().count("\n") <= 1
        stage.backend().delete(name)
        at_event += 4
    assert at_event > 20
