"""How an attempt lives and ends when nothing outside it breaks."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from compute.recipes.wrapper import processes
from compute.recipes.wrapper.folder import read_json
from tests.compute.recipes.wrapper.attempts import TRACKER_KEY, wait_for
from tests.compute.recipes.wrapper.platform_stub import TOKEN

pytestmark = pytest.mark.slow


def test_finished_training_delivers_checkpoints_and_output_and_then_says_so(attempt, platform):
    one = attempt("commit(1); commit(2); output(model='weights', card='é'); print('done')")
    ending = one.run()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (0, None, "completed")
    assert [(c["fence"], c["step"], c["location"]) for c in one.job.accepted] == [
        (1, 1, "local:1/1"),
        (1, 2, "local:1/2"),
    ]
    assert len(one.job.outputs) == 1
    assert sorted(one.job.files.values()) == [b"weights", "é".encode()]
    assert one.log() == "done\n"
    assert one.process.returncode == 0
    assert ending["peak_memory_bytes"] > 0
    started, ended, closed = (datetime.fromisoformat(ending[k]) for k in ("started_at", "ended_at", "closed_at"))
    assert started < ended <= closed
    states = [state for _, _, state in platform.lease_calls]
    assert states[0] == "starting"
    assert states[-1] == "ending"


def test_training_finds_the_environment_of_the_contract(attempt, platform, tmp_path):
    data = b"some text"
    sha256 = platform.add_input(data)
    one = attempt(
        """
        document = json.loads(pathlib.Path(environ["RECIPE_INPUTS"]).read_text())
        print(json.dumps({"env": dict(environ), "document": document, "argv": sys.argv, "cwd": os.getcwd(),
                          "data": pathlib.Path(document["files"][0]["path"]).read_text(),
                          "lease": json.loads(pathlib.Path(environ["RECIPE_LEASE"]).read_text())}))
        """,
        input_files=[{"field": "dataset", "name": "a.txt", "bytes": len(data), "sha256": sha256}],
        env={"WANDB_PROJECT": "walks", "OMP_NUM_THREADS": "3"},
    )
    assert one.run()["reason"] == "no-output"
    seen = json.loads(one.log())
    env = seen["env"]
    assert seen["data"] == "some text"
    file = seen["document"]["files"][0]
    assert (file["field"], file["name"], file["bytes"], file["sha256"]) == ("dataset", "a.txt", 9, sha256)
    assert env["RECIPE_FENCE"] == "1"
    assert env["RECIPE_RESUME"] == ""
    assert env["RECIPE_GRACE_S"] == "5"
    assert env["WANDB_PROJECT"] == "walks"
    assert env["OMP_NUM_THREADS"] == "3"
    assert env["WANDB_API_KEY"] == TRACKER_KEY
    assert seen["lease"]["fence"] == 1
    assert Path(env["RECIPE_OUTPUT"]).is_dir()
    assert Path(env["RECIPE_WORK"]).is_dir()
    assert TOKEN not in json.dumps(seen)


def test_secrets_stand_only_in_a_file_of_their_owner(attempt):
    one = attempt("print('ready'); leave_at_sigterm(); wait()")
    one.start()
    one.says("ready")
    for pid in [one.process.pid, *processes.descendants(one.process.pid)]:
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert TOKEN.encode() not in command_line
        assert TRACKER_KEY.encode() not in command_line
        assert TOKEN.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    assert stat.S_IMODE(one.folder.secrets.stat().st_mode) == 0o600
    one.process.send_signal(signal.SIGTERM)
    one.finish()
    assert not one.folder.secrets.exists()
    for path in one.folder.path.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_next_attempt_resumes_from_the_manifest_that_the_platform_names(attempt, platform):
    first = attempt("commit(4); commit(9); sys.exit(75)")
    assert first.run()["failure_class"] == "preempted"
    platform.close_attempt(first.id)
    second = attempt("print(environ['RECIPE_RESUME'], environ['RECIPE_FENCE'])")
    second.run()
    assert second.log() == f"{first.checkpoints}/1/9/manifest.json 2\n"


@pytest.mark.parametrize(
    ("code", "failure_class", "reason"),
    [(1, "user-code", "exit-1"), (64, "user-config", "exit-64"), (78, "user-config", "exit-78"),
     (75, "preempted", "checkpointed"), (134, "user-code", "exit-134")],
)  # fmt: skip
def test_exit_codes_have_their_classes(attempt, code, failure_class, reason):
    ending = attempt(f"sys.stderr.write('the reason\\n'); sys.exit({code})").run()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (code, failure_class, reason)
    assert ending["text"] == "the reason"


def test_user_error_shows_its_line_even_when_something_was_printed_after_it(attempt):
    line = json.dumps({"field": "lr", "rule": "too large", "way_out": "choose less"})
    ending = attempt(f"sys.stderr.write({line!r} + '\\n'); print('bye'); sys.exit(64)").run()
    assert json.loads(ending["text"]) == {"field": "lr", "rule": "too large", "way_out": "choose less"}


def test_text_is_capped_and_readable_whatever_was_printed(attempt):
    ending = attempt("sys.stderr.buffer.write(b'\\xff\\x00' + b'x' * 9000); sys.exit(1)").run()
    assert len(ending["text"].encode()) <= 4096


def test_stop_file_makes_training_checkpoint_and_counts_as_stopped(attempt):
    one = attempt("leave_at_sigterm(75, lambda: commit(3)); print('ready'); wait()")
    one.start()
    one.says("ready")
    one.folder.stop.touch()
    ending = one.finish()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (75, None, "stopped")
    assert [c["step"] for c in one.job.accepted] == [3]


def test_stop_from_the_lease_answer_does_the_same(attempt, platform):
    one = attempt("leave_at_sigterm(); print('ready'); wait()")
    one.start()
    one.says("ready")
    platform.stop = True
    ending = one.finish()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (75, None, "stopped")


def test_sigterm_for_the_wrapper_is_a_preemption(attempt):
    one = attempt("leave_at_sigterm(75, lambda: commit(3)); print('ready'); wait()")
    one.start()
    one.says("ready")
    one.process.send_signal(signal.SIGTERM)
    ending = one.finish()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (75, "preempted", "terminated")
    assert [c["step"] for c in one.job.accepted] == [3]


def test_training_that_ignores_sigterm_is_killed_after_the_grace(attempt):
    one = attempt("signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); wait()", grace_s=1)
    one.start()
    one.says("ready")
    one.process.send_signal(signal.SIGTERM)
    ending = one.finish(within_s=10)
    assert (ending["code"], ending["failure_class"]) == (137, "preempted")


def test_training_that_finishes_though_asked_to_stop_has_succeeded(attempt):
    one = attempt("leave_at_sigterm(0, lambda: output(a='b')); print('ready'); wait()")
    one.start()
    one.says("ready")
    one.folder.stop.touch()
    assert one.finish()["reason"] == "completed"
    assert len(one.job.outputs) == 1


def test_children_in_their_own_sessions_do_not_outlive_the_attempt(attempt):
    one = attempt(
        """
        child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        child += "start_new_session=True); print('left', flush=True); time.sleep(600)"
        subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
        leave_at_sigterm(); wait()
        """
    )
    one.start()
    one.says("left")
    os.kill(one.train_pid(), signal.SIGKILL)
    ending = one.finish(within_s=20)
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (137, "node-lost", "killed")


def test_memory_of_all_descendants_is_limited(attempt):
    one = attempt(
        """
        part = "held = b'x' * (90 << 20); import time; print('held', flush=True); time.sleep(600)"
        for _ in range(3):
            subprocess.Popen([sys.executable, "-c", part], start_new_session=True)
        wait()
        """,
        memory_bytes=200 << 20,
    )
    ending = one.run()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (137, "oom", "memory-limit")
    assert 200 << 20 < ending["peak_memory_bytes"] < 420 << 20


def test_one_huge_allocation_meets_the_address_space(attempt):
    ending = attempt("x = bytearray(40 << 30)", memory_bytes=200 << 20).run()
    assert (ending["code"], ending["failure_class"]) == (1, "oom")


def test_wall_limit_lets_training_checkpoint(attempt):
    one = attempt("leave_at_sigterm(75, lambda: commit(8)); wait()", wall_limit_s=1)
    ending = one.run()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (75, "deadline", "deadline")
    assert [c["step"] for c in one.job.accepted] == [8]


def test_log_is_cut_at_its_limit_and_says_so(attempt):
    one = attempt(
        """
        print("first")
        for n in range(200): print("x" * 1000); time.sleep(0.002)
        print("the last words"); sys.exit(1)
        """,
        log_limit_bytes=50_000,
    )
    ending = one.run()
    log = one.log()
    assert log.startswith("first\n")
    assert "[The log was cut here: it reached 50000 bytes.]" in log
    assert len(log) < 60_000 + 8192
    assert "the last words" in ending["text"]


def test_second_wrapper_for_a_folder_is_refused_while_and_after_the_first(attempt):
    one = attempt("leave_at_sigterm(); print('ready'); wait()")
    first = one.start()
    one.says("ready")
    assert one.folder.lock_holder() == first.pid
    assert one.start().wait(timeout=20) == 3
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=20) == 75
    assert one.folder.lock_holder() is None
    assert one.start().wait(timeout=20) == 3
    assert one.log() == "ready\n"


def test_missing_program_is_the_platforms_fault(attempt):
    ending = attempt(command=["no-such-program"]).run()
    assert (ending["failure_class"], ending["reason"], ending["started_at"]) == ("platform", "spawn-failed", None)


def test_unreadable_plan_of_resumption_is_reported_not_swallowed(attempt, platform):
    one = attempt("pass")
    one.job.accepted.append({"fence": 0, "step": 1, "manifest_sha256": "", "location": "local:../../../etc"})
    ending = one.run()
    assert (ending["failure_class"], ending["reason"]) == ("platform", "wrapper-failed")


def test_heartbeat_goes_on_while_training_runs(attempt):
    one = attempt("leave_at_sigterm(); print('ready'); wait()")
    one.start()
    one.says("ready")
    first = one.folder.last_beat()
    wait_for(lambda: one.folder.last_beat() > first + timedelta(seconds=0.5), within_s=5)
    record = read_json(one.folder.run)
    assert record["pid"] == one.process.pid
    assert record["pid_start"] == processes.start_ticks(one.process.pid)
    one.process.send_signal(signal.SIGTERM)
    one.finish()


def test_input_with_other_bytes_is_a_users_error(attempt, platform):
    sha256 = hashlib.sha256(b"promised").hexdigest()
    platform.inputs[sha256] = b"received"
    file = {"field": "dataset", "name": "a.txt", "bytes": 8, "sha256": sha256}
    ending = attempt("print('never')", input_files=[file]).run()
    assert (ending["code"], ending["failure_class"]) == (66, "user-config")
    assert json.loads(ending["text"])["field"] == "dataset"


def test_input_that_the_platform_does_not_have_is_a_users_error(attempt):
    file = {"field": "dataset", "name": "a.txt", "bytes": 8, "sha256": "0" * 64}
    ending = attempt("print('never')", input_files=[file]).run()
    assert (ending["code"], json.loads(ending["text"])["rule"]) == (66, "exists")


def test_disk_limit_ends_training_with_its_own_class(attempt, monkeypatch):
    one = attempt(
        """
        leave_at_sigterm(75)
        (pathlib.Path(environ["RECIPE_WORK"]) / "ballast").write_bytes(b"x" * (3 << 20))
        wait()
        """,
        disk_bytes=1 << 20,
    )
    ending = one.run()
    assert (ending["failure_class"], ending["reason"]) == ("storage", "disk-limit")
