"""Starting, finding again and ending child processes."""

import json
import os
import signal
import sys

import pytest

from deploy.processes import Program, describe_exit, end_leftovers, run_attached, start, started_at, wait_until

GRANDCHILD = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)


def python(code, name="child", **how):
    return Program(name, (sys.executable, "-c", code), **how)


@pytest.fixture
def run(tmp_path):
    children = []

    def begin(program):
        (tmp_path / "logs").mkdir(exist_ok=True)
        children.append(start(program, env=os.environ, folder=tmp_path))
        return children[-1]

    yield begin
    for child in children:
        child.stop()


def printed(child):
    assert wait_until(lambda: child.log.read_text().endswith("\n"), seconds=10)
    return child.log.read_text().strip()


def test_a_child_leads_its_own_session(run):
    child = run(python("import time; time.sleep(60)"))
    assert os.getsid(child.pid) == child.pid


def test_stopping_ends_what_the_child_has_started(run):
    child = run(python(GRANDCHILD))
    grandchild = int(printed(child))
    child.stop()
    assert wait_until(lambda: started_at(grandchild) is None, seconds=5)


def test_a_child_that_ignores_its_signals_is_killed(run):
    child = run(python(STUBBORN, stop_steps=((signal.SIGTERM, 0.2),)))
    printed(child)
    child.stop()
    assert child.exit_code() == -signal.SIGKILL


def test_steps_follow_each_other(run):
    child = run(python(STUBBORN, stop_steps=((signal.SIGTERM, 0.2), (signal.SIGINT, 10))))
    printed(child)
    child.stop()
    assert "KeyboardInterrupt" in child.last_lines()


def test_input_is_handed_over_and_closed(run):
    child = run(python("import sys; print(sys.stdin.read()[::-1])", stdin=b"abc"))
    assert printed(child) == "cba"


def test_leftovers_of_a_killed_supervisor_are_ended(run, tmp_path):
    child = run(python("import time; time.sleep(60)", name="web"))
    assert end_leftovers(tmp_path) == ["web"]
    assert child.exit_code() == -signal.SIGTERM
    assert list((tmp_path / "run").iterdir()) == []


def test_a_reused_process_id_is_left_alone(tmp_path):
    (tmp_path / "run").mkdir()
    record = {"pid": os.getpid(), "started": "1", "signal": signal.SIGKILL}
    (tmp_path / "run" / "web.json").write_text(json.dumps(record))
    assert end_leftovers(tmp_path) == []


def test_a_record_cut_off_while_written_is_cleared(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "web.json").write_text('{"pid": 1')
    assert end_leftovers(tmp_path) == []
    assert list((tmp_path / "run").iterdir()) == []


def test_an_attached_command_gives_its_exit_code():
    assert run_attached([sys.executable, "-c", "raise SystemExit(7)"], env=os.environ, pause=lambda: None) == 7


def test_an_attached_command_ends_when_the_pause_raises(capfd):
    def interrupt():
        if "ready" in capfd.readouterr().out:
            raise InterruptedError

    code = "import time; print('ready', flush=True); time.sleep(60)"
    with pytest.raises(InterruptedError):
        run_attached([sys.executable, "-c", code], env=os.environ, pause=interrupt)


@pytest.mark.parametrize(("code", "words"), [(3, "ended with exit code 3"), (-9, "was killed by SIGKILL")])
def test_an_exit_code_in_words(code, words):
    assert describe_exit(code) == words


def test_a_grown_log_is_set_aside(run, tmp_path):
    (tmp_path / "logs").mkdir()
    with (tmp_path / "logs" / "child.log").open("wb") as log:
        log.truncate(11 * 1024 * 1024)
    child = run(python("print('new')"))
    assert printed(child) == "new"
    assert (tmp_path / "logs" / "child.log.1").stat().st_size == 11 * 1024 * 1024
