"""Files and locks that outlive processes, and processes as /proc shows them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from compute.recipes.wrapper import processes
from compute.recipes.wrapper.folder import AlreadyRunning, RunFolder, as_instant, new_ulid, read_json, write_json
from compute.recipes.wrapper.limits import folder_bytes
from compute.recipes.wrapper.patience import GivenUp, persist
from compute.recipes.wrapper.platform_api import Away
from tests.compute.recipes.wrapper.attempts import CODE_ROOT, wait_for


def test_json_is_replaced_as_a_whole_and_leaves_no_draft(tmp_path):
    path = tmp_path / "a.json"
    assert read_json(path) is None
    write_json(path, {"é": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert read_json(path) == {"é": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    path.write_text("[]")
    with pytest.raises(ValueError, match="no JSON object"):
        read_json(path)


def test_ulids_have_their_form_and_order():
    first, second = "", ""
    while first[:10] == second[:10]:
        first, second = second or new_ulid(), new_ulid()
    assert first < second
    assert len(first) == 26


def test_instants_are_aware():
    assert as_instant(None) is None
    assert as_instant("2026-01-01T00:00:00") == datetime(2026, 1, 1, tzinfo=UTC)


HOLD = """
import sys
from pathlib import Path
from compute.recipes.wrapper.folder import RunFolder
RunFolder(Path(sys.argv[1])).take_lock()
print("held", flush=True)
sys.stdin.read()
"""


def test_lock_shows_its_holder_keeps_others_out_and_dies_with_it(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.lock_holder() is None
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=CODE_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline() == b"held\n"
        assert folder.lock_holder() == process.pid
        with pytest.raises(AlreadyRunning, match="another wrapper"):
            folder.take_lock()
        assert folder.lock_holder() == process.pid
        process.kill()
    assert folder.lock_holder() is None


def test_folder_that_was_run_before_is_not_run_again(tmp_path):
    folder = RunFolder(tmp_path)
    write_json(folder.run, {})
    with pytest.raises(AlreadyRunning, match="before"):
        folder.take_lock()


def test_marked_processes_are_found_and_corpses_are_not():
    uid = new_ulid()
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, processes.MARK: uid})
    wait_for(lambda: processes.marked(uid) == [process.pid])
    assert process.pid in processes.descendants(os.getpid())
    assert processes.resident_bytes([process.pid]) > 0
    assert processes.proportional_bytes([process.pid]) > 0
    assert processes.start_ticks(process.pid) is not None
    process.kill()
    wait_for(lambda: processes.start_ticks(process.pid) is None)
    assert processes.marked(uid) == []
    process.wait()
    assert processes.resident_bytes([process.pid]) == 0
    processes.send([process.pid], 15)


def test_folder_size_counts_blocks_and_follows_no_link(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "link").symlink_to("/usr")
    assert 100_000 <= folder_bytes(tmp_path) < 200_000
    assert folder_bytes(tmp_path / "nothing") == 0


def test_persisting_ends_with_an_answer_or_when_it_makes_no_sense_any_more():
    answers = iter([Away("first"), 7])

    def call():
        answer = next(answers)
        if isinstance(answer, Away):
            raise answer
        return answer

    assert persist(call, cancelled=threading.Event(), is_over=lambda: False) == 7

    def away():
        raise Away("always")

    with pytest.raises(GivenUp):
        persist(away, cancelled=threading.Event(), is_over=lambda: True)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(GivenUp):
        persist(away, cancelled=cancelled, is_over=lambda: False)
