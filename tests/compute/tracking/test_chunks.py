"""Pure parts: bytes of chunks, reduction, lines, posts, endings, redaction."""

import json
import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.tracking import records
from compute.tracking.enums import ENDED, TRANSITIONS, RunStatus, ValueKind
from compute.tracking.models.encoding import (
    extremes,
    pack_floats,
    pack_integers,
    pack_objects,
    unpack_floats,
    unpack_integers,
    unpack_objects,
)
from compute.tracking.queries.reduction import low_and_high, reduce
from compute.tracking.redaction import (
    HIDDEN,
    clean,
    clean_config,
    clean_file,
    only_machine_facts,
    redact,
    storable,
)
from compute.tracking.rules import endings
from compute.tracking.rules.posts import BadPost, parse_post

INT64 = st.integers(-(2**62), 2**62)


@given(st.lists(INT64, min_size=1))
def test_integers_come_back_as_they_went_in(values: list[int]) -> None:
    data = pack_integers(values)
    assert list(unpack_integers(data, values[0], values[-1], len(values))) == values


@given(st.integers(-1000, 1000), st.integers(-7, 7), st.integers(1, 50))
def test_integers_in_equal_distances_need_no_bytes(first: int, stride: int, count: int) -> None:
    values = [first + i * stride for i in range(count)]
    assert pack_integers(values) is None
    assert list(unpack_integers(None, values[0], values[-1], count)) == values


def test_integers_with_equal_ends_but_a_bump_need_bytes() -> None:
    assert pack_integers([0, 2, 2]) is not None
    assert pack_integers([0, 5, 0]) is not None


@given(st.lists(st.floats()))
def test_floats_come_back_to_the_bit(values: list[float]) -> None:
    assert unpack_floats(pack_floats(values)).tobytes() == array("d", values).tobytes()


@given(st.lists(st.text()))
def test_objects_come_back_as_they_went_in(texts: list[str]) -> None:
    texts = [storable(text) for text in texts]
    assert unpack_objects(pack_objects(texts)) == texts


def test_extremes_are_those_of_finite_values() -> None:
    assert extremes([math.nan, 3.0, math.inf, -1.0]) == (-1.0, 3.0)
    assert extremes([math.nan]) == (None, None)
    assert low_and_high([math.nan, 2.0, 5.0]) == (2.0, 5.0)
    assert str(low_and_high([math.inf, math.nan])) == "(nan, nan)"


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=300), st.integers(2, 40))
def test_reduction_hides_neither_ends_nor_extremes(values: list[float], buckets: int) -> None:
    steps = range(10, 10 + 3 * len(values), 3)
    made = reduce(steps, values, buckets=buckets)
    assert len(made.steps) <= max(buckets, 2)
    assert (made.steps[0], made.values[0]) == (steps[0], values[0])
    assert (made.steps[-1], made.values[-1]) == (steps[-1], values[-1])
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        assert min(value for value in made.lows if math.isfinite(value)) == min(finite)
        assert max(value for value in made.highs if math.isfinite(value)) == max(finite)
    assert made.steps == sorted(set(made.steps))


def test_reduction_takes_sums_with_their_own_extremes() -> None:
    made = reduce(
        range(6), [1.0] * 6, buckets=3, lows=[0.0, -5.0, 0.0, 0.0, 0.0, 0.0], highs=[2.0, 2.0, 2.0, 2.0, 9.0, 2.0]
    )
    assert (min(made.lows), max(made.highs)) == (-5.0, 9.0)
    assert reduce([], [], buckets=5).steps == []
    assert reduce([0, 1, 2, 3, 1000], [1.0] * 5, buckets=4).steps == [0, 3, 1000]


def test_record_is_flat_and_counts_what_is_too_large() -> None:
    record, dropped = records.record_of(
        '{"a": {"b": 1, "c": {"_type": "x"}}, "t": "hi", "_wandb": true, "n": null, "e": {}}'
    )
    assert record == {"a.b": 1, "a.c": '{"_type": "x"}', "t": '"hi"', "e": "{}"}
    assert dropped == 0
    assert records.record_of("[1]") == ({}, 0)
    assert records.record_of("[" * 100_000) == ({}, 0)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(True, ValueKind.BOOL), (1, ValueKind.INT), (1.5, ValueKind.FLOAT), ('"x"', ValueKind.OBJECT)],
)
def test_first_value_says_the_kind(value: records.Value, kind: ValueKind) -> None:
    assert records.kind_of(value) == kind


def test_first_times() -> None:
    assert records.first_time('{"_timestamp": 5}') == "5.0"
    assert records.first_time('{"_timestamp": true}') == ""
    assert records.first_output_time("ERROR 2026-11-24T10:00:00.5 x") == "2026-11-24T10:00:00.5"
    assert records.first_output_time("hello") == ""


def test_records_are_the_same_when_only_not_a_number_differs() -> None:
    assert records.is_same({"a": math.nan, "b": 1.0}, {"b": 1, "a": math.nan})
    assert not records.is_same({"a": math.nan}, {"a": 1.0})
    assert not records.is_same({"a": 1.0}, {"b": 1.0})


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"files": []},
        {"uploaded": {}},
        {"files": {"wandb-history.jsonl": []}},
        {"files": {"wandb-history.jsonl": {"offset": -1}}},
        {"files": {"wandb-history.jsonl": {"offset": True}}},
        {"files": {"wandb-history.jsonl": {"offset": 2**50}}},
        {"files": {"wandb-events.jsonl": {"offset": 0, "content": "x"}}},
        {"files": {"output.log": {"offset": 0, "content": [1]}}},
    ],
)
def test_post_of_another_form_is_refused(body: object) -> None:
    with pytest.raises(BadPost):
        parse_post(body)


def test_post_is_read_by_its_files() -> None:
    post = parse_post(
        {
            "files": {
                "wandb-summary.json": {"offset": 0, "content": ['{"a": 1}']},
                "output_rank1.log": {"offset": 2, "content": ["x"]},
                "other.txt": {"offset": 0, "content": []},
            },
            "uploaded": ["config.yaml", 3],
            "complete": True,
            "exitcode": True,
        }
    )
    assert (post.summary, post.label, post.uploaded, post.exit_code) == ({"a": 1}, "rank1", ("config.yaml",), None)
    assert (post.unknown, post.is_complete, post.has_lines) == (("other.txt",), True, True)
    assert parse_post({"files": {"wandb-summary.json": {"content": []}}, "exitcode": 3}).exit_code == 3
    assert not parse_post({}).has_lines


R = RunStatus


@pytest.mark.parametrize(
    ("status", "exit_code", "preempting", "asked", "known", "wanted"),
    [
        (R.RUNNING, 0, False, False, None, R.FINISHED),
        (R.RUNNING, 3, False, False, None, R.FAILED),
        (R.RUNNING, None, False, False, None, R.FINISHED),
        (R.RUNNING, 75, True, False, None, R.PREEMPTED),
        (R.RUNNING, 130, True, True, None, R.STOPPED),
        (R.CRASHED, 0, False, False, None, R.FINISHED),
        (R.CRASHED, 0, False, False, 137, None),
        (R.FINISHED, 0, False, False, None, None),
        (R.STOPPED, 0, False, True, None, None),
        (R.PREEMPTED, 0, False, False, None, None),
    ],
)
def test_how_a_run_says_that_it_ended(
    status: R, exit_code: int | None, preempting: bool, asked: bool, known: int | None, wanted: R | None
) -> None:
    assert wanted == endings.said_by_run(
        status, exit_code=exit_code, is_preempting=preempting, is_stop_asked=asked, known_exit=known
    )


@pytest.mark.parametrize(
    ("status", "failure", "exit_code", "asked", "wanted"),
    [
        (R.FINISHED, "", 0, False, None),
        (R.RUNNING, "", 0, False, R.FINISHED),
        (R.FINISHED, "user-code", 3, False, R.FAILED),
        (R.RUNNING, "oom", 137, False, R.CRASHED),
        (R.FAILED, "preempted", 75, False, R.PREEMPTED),
        (R.RUNNING, "node-lost", None, False, R.PREEMPTED),
        (R.RUNNING, "", 75, True, R.STOPPED),
        (R.PENDING, "", 1, False, R.FAILED),
    ],
)
def test_how_an_attempts_end_ends_its_run(
    status: R, failure: str, exit_code: int | None, asked: bool, wanted: R | None
) -> None:
    assert wanted == endings.seen_by_attempt(status, failure_class=failure, exit_code=exit_code, is_stop_asked=asked)


def test_jobs_end_ends_a_run_that_nothing_else_ended() -> None:
    assert endings.seen_by_job(R.PENDING, job_status="succeeded") == R.FINISHED
    assert endings.seen_by_job(R.LOST, job_status="failed") == R.CRASHED
    assert endings.seen_by_job(R.RUNNING, job_status="cancelled") == R.STOPPED
    assert endings.seen_by_job(R.FAILED, job_status="failed") is None


def test_transition_table_has_every_status_and_brings_all_ended_runs_back() -> None:
    assert set(TRANSITIONS) == set(R)
    assert all(R.RUNNING in TRANSITIONS[status] for status in ENDED)
    assert all(status not in followers for status, followers in TRANSITIONS.items())


@pytest.mark.parametrize(
    "secret",
    [
        "hw-" + "aB3_" * 10,
        "hf_" + "a" * 34,
        "ghp_" + "b" * 36,
        "glpat-" + "c" * 20,
        "sk-ant-" + "d" * 40,
        "AKIA" + "E" * 16,
        "AIza" + "f" * 35,
        "xoxb-123456789012-abc",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTI",
    ],
)
def test_secrets_are_redacted_wherever_they_stand(secret: str) -> None:
    assert redact(f"key={secret} end") == f"key={HIDDEN} end"
    assert clean({"a": [f"x {secret}"]}) == {"a": [f"x {HIDDEN}"]}


def test_addresses_lose_their_password_and_plain_text_stays() -> None:
    assert redact("git clone https://me:pw@host/x") == f"git clone https://{HIDDEN}@host/x"
    assert redact("step 10 loss 1.2") == "step 10 loss 1.2"
    assert redact("a\x00b \ud800") == "ab ?"


def test_config_keeps_values_and_of_the_sdks_part_only_what_names_nobody() -> None:
    internal = {
        "t": {"4": "3.11"},
        "m": [],
        "e": {"w1": {"host": "node7", "email": "a@b.c", "args": [], "executable": "/home/x/python", "gpu": "H100",
                     "root": "/home/x", "program": "/home/x/t.py", "git": {"remote": "r"}, "username": "x"}},
        "visualize": 1,
    }  # fmt: skip
    config = clean_config(
        {"lr": {"value": 0.1, "desc": None}, "plain": 3, "nan": {"value": math.nan}, "_wandb": {"value": internal}}
    )
    assert config == {
        "lr": 0.1, "plain": 3, "nan": "NaN", "_wandb": {"t": {"4": "3.11"}, "m": [], "e": {"w1": {"gpu": "H100"}}},
    }  # fmt: skip
    assert clean_config({"_wandb": {"value": 3}}) == {"_wandb": {}}
    assert clean_config({"_wandb": {"value": {"e": 3}}}) == {"_wandb": {}}
    assert only_machine_facts(None) == {}


def test_files_of_the_sdk_are_redacted_and_broken_ones_are_dropped() -> None:
    assert json.loads(clean_file("wandb-metadata.json", b'{"host": "n", "gpu": "H100"}')) == {"gpu": "H100"}
    assert clean_file("config.yaml", b"lr:\n  value: 0.1\n_wandb:\n  value:\n    e: {w: {host: n, gpu: x}}\n") == (
        b"_wandb:\n  value:\n    e:\n      w:\n        gpu: x\nlr:\n  value: 0.1\n"
    )
    assert clean_file("output.log", f"hw-{'a' * 40}".encode()) == HIDDEN.encode()
    assert clean_file("wandb-metadata.json", b"not json") == b""
    assert clean_file("output.log", b"\xff\xfe") == b""
    assert clean_file("config.yaml", b"- a\n- b\n") == b""
