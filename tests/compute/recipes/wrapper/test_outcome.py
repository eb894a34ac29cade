"""What an exit code means, as a table."""

from __future__ import annotations

import json

import pytest

from compute.jobs.backends.base import FailureClass
from compute.recipes.wrapper import outcome
from compute.recipes.wrapper.outcome import Outcome, classify, closing_text, strongest


@pytest.mark.parametrize(
    ("code", "known", "expected"),
    [
        (0, {}, Outcome(None, "completed")),
        (0, {"cause": "stopped"}, Outcome(None, "completed")),
        (0, {"cause": "deadline"}, Outcome(None, "completed")),
        (1, {}, Outcome("user-code", "exit-1")),
        (134, {}, Outcome("user-code", "exit-134")),
        (143, {}, Outcome("user-code", "exit-143")),
        (64, {"cause": "stopped"}, Outcome("user-config", "exit-64")),
        (66, {}, Outcome("user-config", "exit-66")),
        (75, {}, Outcome("preempted", "checkpointed")),
        (75, {"cause": "stopped"}, Outcome(None, "stopped")),
        (143, {"cause": "stopped"}, Outcome(None, "stopped")),
        (75, {"cause": "terminated"}, Outcome("preempted", "terminated")),
        (75, {"cause": "lease-lost"}, Outcome("preempted", "lease-lost")),
        (75, {"cause": "deadline"}, Outcome("deadline", "deadline")),
        (137, {"cause": "deadline"}, Outcome("deadline", "deadline")),
        (137, {"cause": "memory-limit"}, Outcome("oom", "memory-limit")),
        (75, {"cause": "disk-limit"}, Outcome("storage", "disk-limit")),
        (137, {}, Outcome("node-lost", "killed")),
        (137, {"kernel_out_of_memory": True}, Outcome("oom", "memory-limit")),
        (1, {"text": "Traceback …\nMemoryError"}, Outcome("oom", "memory-limit")),
        (1, {"text": "MemoryError was avoided\nValueError: no"}, Outcome("user-code", "exit-1")),
        (127, {"cause": "spawn-failed"}, Outcome("platform", "spawn-failed")),
        (75, {"cause": "platform-away"}, Outcome("platform", "platform-away")),
        (70, {"cause": "wrapper-failed"}, Outcome("platform", "wrapper-failed")),
    ],
)
def test_exit_code_and_cause_have_their_class(code, known, expected):
    assert classify(code, **known) == expected


def test_every_class_is_one_of_the_taxonomy():
    classes = {value for value in outcome._CAUSES.values() if value is not None}
    classes |= {"oom", "node-lost", "preempted", "user-code", "user-config"}
    assert classes <= {str(one) for one in FailureClass}


def test_strongest_cause_decides():
    assert strongest(frozenset({"terminated", "stopped"})) == "stopped"
    assert strongest(frozenset({"stopped", "deadline", "memory-limit"})) == "memory-limit"
    assert strongest(frozenset()) == ""


def test_closing_text_of_a_users_error_is_its_last_json_line():
    first, last = json.dumps({"rule": 1}), json.dumps({"rule": 2})
    tail = f"noise\n{first}\n{last}\nbye\n{{broken\n[1]\n".encode()
    assert closing_text(tail, 64) == last
    assert closing_text(tail, 1).endswith("[1]")
    assert closing_text(b"no line at all", 64) == "no line at all"


def test_closing_text_is_cut_between_characters():
    text = closing_text("é".encode() * 5000, 1)
    assert len(text.encode()) <= 4096
    assert "�" not in text[1:]
