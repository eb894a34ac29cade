"""The platform is away, slow, or has given the lease to another."""

from __future__ import annotations

import json
import signal

import pytest

from compute.recipes.wrapper.folder import read_json
from tests.compute.recipes.wrapper.attempts import wait_for
from tests.compute.recipes.wrapper.platform_stub import JobState, Lease, StubPlatform

pytestmark = pytest.mark.slow


def test_outage_stops_no_training_and_its_checkpoints_arrive_afterwards(attempt, platform):
    one = attempt(
        """
        leave_at_sigterm(); print("ready")
        while not pathlib.Path(environ["RECIPE_WORK"], "go").exists(): time.sleep(0.02)
        commit(1); commit(2); print("committed"); output(a="b")
        """
    )
    one.start()
    one.says("ready")
    platform.is_down = True
    (one.folder.work / "go").touch()
    one.says("committed")
    wait_for(lambda: "the platform is away" in one.folder.wrapper_log.read_text())
    assert one.job.accepted == []
    assert not one.folder.exit.exists()
    platform.is_down = False
    assert one.finish()["reason"] == "completed"
    assert [c["step"] for c in one.job.accepted] == [1, 2]


def test_start_waits_for_a_platform_that_is_away(attempt, platform):
    platform.is_down = True
    one = attempt("output(a='b')")
    one.start()
    wait_for(lambda: "the platform is away" in one.folder.wrapper_log.read_text())
    assert read_json(one.folder.run)["started_at"] is None
    platform.is_down = False
    assert one.finish()["reason"] == "completed"


def test_stop_while_waiting_for_the_platform_ends_without_training(attempt, platform):
    platform.is_down = True
    one = attempt("print('never')")
    process = one.start()
    wait_for(lambda: "the platform is away" in one.folder.wrapper_log.read_text())
    process.send_signal(signal.SIGTERM)
    ending = one.finish(within_s=10)
    assert (ending["code"], ending["failure_class"], ending["started_at"]) == (75, "preempted", None)
    assert one.log() == ""


def test_accepted_but_unanswered_posts_are_repeated_without_harm(attempt, platform):
    platform.drop_next = ["checkpoints", "files", "output", "lease"]
    one = attempt("commit(1); output(a='b')")
    assert one.run()["reason"] == "completed"
    assert platform.drop_next == []
    assert len(one.job.accepted) == 1
    assert len(one.job.outputs) == 1


def test_lost_lease_ends_training_without_another_commit(attempt, platform):
    one = attempt(
        """
        leave_at_sigterm(75, lambda: print("may commit" if may_commit() else "may not commit"))
        commit(1); print("ready"); wait()
        """
    )
    one.start()
    wait_for(lambda: one.job.accepted)
    with platform.lock:
        other = Lease("another", one.job.fence + 1, one.job.lease.expires_at)
        one.job.lease, one.job.fence = other, other.fence
    ending = one.finish()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (75, "preempted", "lease-lost")
    assert "may not commit" in one.log()
    assert [c["step"] for c in one.job.accepted] == [1]


def test_output_of_an_attempt_that_is_over_is_not_a_success(attempt, platform):
    one = attempt("output(a='b'); print('ready'); time.sleep(1.5)")
    platform.renew_after_s = 60
    one.start()
    one.says("ready")
    platform.close_attempt(one.id)
    ending = one.finish()
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (75, "preempted", "lease-lost")
    assert one.job.outputs == []


def test_lease_held_by_another_keeps_training_from_starting(attempt, platform):
    first = attempt("leave_at_sigterm(); print('ready'); wait()")
    first.start()
    first.says("ready")
    second = attempt("print('never')")
    ending = second.run()
    assert (ending["code"], ending["reason"], ending["started_at"]) == (75, "lease-lost", None)
    first.process.send_signal(signal.SIGTERM)
    first.finish()


def test_refused_token_is_the_platforms_fault_and_never_printed(attempt, platform):
    platform.refuse = {"lease": 401}
    ending = attempt("print('never')").run()
    assert (ending["failure_class"], ending["reason"]) == ("platform", "platform-refused")
    assert "401" in ending["text"]


def test_refused_checkpoint_is_passed_over(attempt, platform):
    platform.refuse = {"checkpoints": 422}
    one = attempt("commit(1); output(a='b')")
    assert one.run()["reason"] == "completed"
    assert platform.refusals == [("checkpoints", 422)]


def test_output_that_differs_from_its_manifest_is_a_fault_of_the_code(attempt):
    one = attempt("output(a='b'); pathlib.Path(environ['RECIPE_OUTPUT'], 'a').write_text('c')")
    ending = one.run()
    assert (ending["code"], ending["failure_class"]) == (1, "user-code")
    assert "a differs from the sha256" in ending["text"]
    assert one.job.outputs == []


def test_manifest_may_not_name_files_outside_the_output(attempt):
    one = attempt(
        """
        folder = pathlib.Path(environ["RECIPE_OUTPUT"])
        files = [{"path": "../secrets.json", "bytes": 1, "sha256": "0" * 64}]
        (folder / "manifest.json").write_text(json.dumps({"files": files}))
        """
    )
    ending = one.run()
    assert (ending["code"], ending["failure_class"]) == (1, "user-code")
    assert one.job.files == {}


def test_slow_platform_delays_nothing_but_itself(attempt, platform):
    platform.delay_s = 0.5
    one = attempt("commit(1); output(a='b')")
    assert one.run()["reason"] == "completed"
    assert len(one.job.accepted) == 1


def test_lease_file_follows_each_renewal(attempt, platform):
    one = attempt("leave_at_sigterm(); print('ready'); wait()")
    one.start()
    one.says("ready")
    first = json.loads(one.folder.lease.read_text())
    assert first["checkpoint_by"] is None
    platform.checkpoint_by = "2030-01-01T00:00:00+00:00"
    wait_for(lambda: json.loads(one.folder.lease.read_text())["checkpoint_by"] == platform.checkpoint_by)
    assert json.loads(one.folder.lease.read_text())["expires_at"] > first["expires_at"]
    one.process.send_signal(signal.SIGTERM)
    one.finish()


def test_stop_while_the_output_waits_for_the_platform_ends_within_the_grace(attempt, platform):
    one = attempt("output(a='b'); print('ready'); time.sleep(0.5)", grace_s=1)
    one.start()
    one.says("ready")
    platform.is_down = True
    wait_for(lambda: "files/" in one.folder.wrapper_log.read_text())
    one.process.send_signal(signal.SIGTERM)
    ending = one.finish(within_s=10)
    assert (ending["code"], ending["failure_class"], ending["reason"]) == (75, "preempted", "terminated")
    assert isinstance(one.job, JobState)
    assert one.job.outputs == []


def test_tracker_that_is_away_means_offline_mode(attempt, platform):
    away = attempt("print(environ.get('WANDB_MODE'))", env={"WANDB_BASE_URL": "http://127.0.0.1:9"})
    away.run()
    assert away.log() == "offline\n"
    platform.close_attempt(away.id)
    there = attempt(
        "print(environ.get('WANDB_MODE'))", env={"WANDB_BASE_URL": f"{platform.url}/api/v1/attempts/x/wandb"}
    )
    there.run()
    assert there.log() == "None\n"


def test_refusal_under_a_lease_that_can_still_be_renewed_is_no_end(attempt, platform):
    """After a long outage the lease has run out, and nobody else took it: the first post meets 409."""
    one = attempt("commit(1); time.sleep(0.7); output(a='b')")
    platform.refuse = {"checkpoints": 409}
    one.start()
    wait_for(lambda: ("checkpoints", 409) in platform.refusals)
    platform.refuse = {}
    assert one.finish()["reason"] == "completed"
    assert [c["step"] for c in one.job.accepted] == [1]


def test_run_recorded_offline_is_sent_when_the_tracker_is_back(attempt, tmp_path):
    """With a stand-in for the SDK's command line, which writes down how it was called."""
    package = tmp_path / "path" / "wandb"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import os, sys; print('sync', sys.argv[1:], os.environ.get('WANDB_MODE'))")
    tracker = StubPlatform()
    try:
        tracker.is_down = True
        one = attempt(
            """
            run = pathlib.Path(environ["WANDB_DIR"], "wandb", "offline-run-1"); run.mkdir(parents=True)
            print(environ["WANDB_MODE"])
            while not pathlib.Path(environ["RECIPE_WORK"], "go").exists(): time.sleep(0.02)
            """,
            env={"WANDB_BASE_URL": f"{tracker.url}/api/v1/attempts/x/wandb", "PYTHONPATH": str(tmp_path / "path")},
        )
        one.start()
        one.says("offline")
        tracker.is_down = False
        (one.folder.work / "go").touch()
        one.finish()
    finally:
        tracker.shut()
    run = one.folder.work / "wandb" / "offline-run-1"
    assert one.log() == f"offline\nsync {['sync', '--include-online', str(run)]} None\n"
