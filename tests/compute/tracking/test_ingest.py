"""One post after another: what is held afterwards."""

import json
import math

import pytest

from compute.tracking import records
from compute.tracking.enums import RunStatus, Stream
from compute.tracking.models import LogChunk, MetricChunk, MetricKey, Run, RunWriter
from compute.tracking.queries.runs import console, history_lines
from compute.tracking.queries.series import keys_shown, lines_held, series, shown_writers
from tests.factories.tracking import START, begun, events, history, line, lines, output, posted, run_of, run_of_new_job

pytestmark = pytest.mark.django_db


def curve(run: Run, name: str = "loss") -> tuple[list[int], list[float]]:
    run.refresh_from_db()
    (found,) = series(run, [MetricKey.objects.get(run=run, name=name)])
    return list(found.steps), list(found.values)


def counted(run: Run) -> int:
    return lines_held(shown_writers(run))


def test_lines_become_one_chunk_per_key() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 100)))
    assert curve(run) == (list(range(100)), [1 / (step + 1) for step in range(100)])
    assert sorted(MetricChunk.objects.values_list("key__name", "n")) == [
        ("_runtime", 100), ("_timestamp", 100), ("loss", 100),
    ]  # fmt: skip
    key = MetricKey.objects.get(name="loss")
    assert (key.n, key.low, key.high, key.last, key.kind) == (100, 0.01, 1.0, 0.01, "float")


def test_post_sent_again_changes_nothing() -> None:
    run = begun(run_of_new_job())
    for body in (
        history(lines(0, 5)),
        history(lines(0, 5)),
        history(lines(3, 4), offset=3),
        history(lines(1, 2), offset=1),
    ):
        posted(run, body)
    assert curve(run) == (list(range(7)), [1 / (step + 1) for step in range(7)])
    assert counted(run) == 7
    assert MetricKey.objects.get(name="loss").n == 7


def test_differing_values_below_the_count_are_rewritten() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 6)))
    posted(run, history([line(2, loss=9.0), line(3, other=1)], offset=2))
    assert curve(run) == ([0, 1, 2, 4, 5], [1.0, 0.5, 9.0, 0.2, 1 / 6])
    assert curve(run, "other") == ([3], [1.0])
    key = MetricKey.objects.get(name="loss")
    assert (key.n, key.high, key.last) == (5, 9.0, 1 / 6)
    assert counted(run) == 6


def test_lines_beyond_the_count_are_kept_and_the_gap_is_marked() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 2)))
    posted(run, history(lines(5, 2), offset=5))
    writer = RunWriter.objects.get(run=run)
    assert (writer.missing_lines, writer.lines_history) == (3, 7)
    posted(run, history(lines(0, 7)))
    writer.refresh_from_db()
    assert writer.missing_lines == 0
    assert curve(run)[0] == list(range(7))


def test_resumed_process_goes_on_at_the_count() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 5)))
    begun(run)
    posted(run, history(lines(5, 5), offset=5))
    assert curve(run)[0] == list(range(10))
    assert [writer.part for writer in shown_writers(run)] == [0, 1]


def test_part_sent_again_at_another_offset_is_known_by_its_first_time() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 5)))
    begun(run)
    posted(run, history(lines(5, 5), offset=5))
    for _ in range(2):
        begun(run)
        posted(run, history(lines(5, 5), offset=10))
        begun(run)
        posted(run, history(lines(0, 5), offset=10))
    assert curve(run) == (list(range(10)), [1 / (step + 1) for step in range(10)])
    assert counted(run) == 10


def test_part_known_by_its_console_takes_the_next_offset_of_each_stream() -> None:
    run = begun(run_of_new_job())
    said = ["2026-11-24T10:00:00.1 one", "2026-11-24T10:00:01.1 two"]
    posted(run, history(lines(0, 3)) | {})
    posted(run, output(said))
    begun(run)
    posted(run, output(said, offset=2))
    posted(run, history(lines(0, 3), offset=3))
    assert [text for _, text in console(run)] == said
    assert counted(run) == 3


def test_parts_of_a_job_that_count_from_zero_are_numbered_on() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 5)))
    begun(run)
    later = [json.dumps({"loss": 0.1, "_step": step, "_timestamp": START + 900 + step}) for step in range(3)]
    posted(run, history(later))
    assert curve(run)[0] == list(range(8))
    run.refresh_from_db()
    assert run.next_step == 8


def test_new_process_outside_a_job_replaces_what_is_shown() -> None:
    run = begun(run_of())
    posted(run, history(lines(0, 5)))
    begun(run)
    later = [json.dumps({"loss": 7.0, "_step": step, "_timestamp": START + 900 + step}) for step in range(2)]
    posted(run, history(later))
    assert curve(run) == ([0, 1], [7.0, 7.0])
    assert MetricKey.objects.get(run=run, name="loss").n == 2


def test_shared_writers_are_numbered_by_arrival() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 2)), client_id="a")
    other = [
        json.dumps({"gpu": value, "_step": step, "_timestamp": START + 0.5 + step}) for step, value in enumerate([1, 2])
    ]
    posted(run, history(other[:2]), client_id="b")
    posted(run, history(lines(2, 1), offset=2), client_id="a")
    posted(run, history([other[0], other[1].replace('"gpu": 2', '"gpu": 5')]), client_id="b")
    assert curve(run) == ([0, 1, 4], [1.0, 0.5, 1 / 3])
    assert curve(run, "gpu") == ([2, 3], [1.0, 5.0])
    assert sorted(curve(run, "_writer_step")[1]) == [0.0, 0.0, 1.0, 1.0, 2.0]


def test_summaries_of_shared_writers_are_merged_and_others_replace() -> None:
    run = begun(run_of_new_job())
    summary = lambda values: {"files": {"wandb-summary.json": {"offset": 0, "content": [json.dumps(values)]}}}  # noqa: E731
    posted(run, summary({"a": 1, "nan": math.nan}))
    posted(run, summary({"b": 2}))
    run.refresh_from_db()
    assert run.summary == {"b": 2}
    posted(run, summary({"c": 3}), client_id="x")
    run.refresh_from_db()
    assert run.summary == {"b": 2, "c": 3}


def test_not_a_number_and_infinity_are_held_as_such() -> None:
    run = begun(run_of_new_job())
    content = [
        '{"x": NaN, "_step": 0}',
        '{"x": Infinity, "_step": 1}',
        '{"x": "-Infinity", "_step": 2}',
        '{"x": 4, "_step": 3}',
    ]
    posted(run, history(content))
    posted(run, history(content))
    _, values = curve(run, "x")
    assert [str(value) for value in values] == ["nan", "inf", "-inf", "4.0"]
    assert [entry["x"] for entry in history_lines(run, first=0)] == ["NaN", "Infinity", "-Infinity", 4]
    key = MetricKey.objects.get(name="x")
    assert (key.low, key.high, key.last) == (4.0, 4.0, 4.0)
    assert series(run, [key])[0].as_json()["values"] == ["NaN", "Infinity", "-Infinity", 4]


def test_objects_keep_their_json_and_nested_numbers_get_dotted_names() -> None:
    run = begun(run_of_new_job())
    value = {"_type": "histogram", "values": [1, 2]}
    posted(run, history([json.dumps({"h": value, "eval": {"f1": 0.5}, "big": 2**60, "no": None, "_step": 0})]))
    (found,) = history_lines(run, first=0)
    assert found == {"h": value, "eval.f1": 0.5, "big": 2**60, "_step": 0}


def test_line_that_is_no_object_keeps_the_numbers_of_those_after_it() -> None:
    run = begun(run_of_new_job())
    posted(run, history([line(0, loss=1), "not json", "[1]", line(3, loss=2)]))
    assert counted(run) == 4
    assert curve(run)[0] == [0, 3]
    posted(run, history(["not json", "[1]", line(3, loss=2)], offset=1))
    assert curve(run)[0] == [0, 3]


def test_lines_without_a_step_get_the_next_one() -> None:
    run = begun(run_of_new_job())
    body = history([line(None, loss=1), line(None, loss=2), '{"loss": 3, "_step": 7.0}', '{"loss": 4, "_step": true}'])
    posted(run, body)
    posted(run, body)
    assert curve(run)[0] == [0, 1, 7, 8]


def test_system_metrics_are_numbered_by_line() -> None:
    run = begun(run_of_new_job())
    content = [json.dumps({"system.cpu": 10.0 * i, "_timestamp": START + i, "_wandb": True}) for i in range(3)]
    posted(run, events(content))
    posted(run, events(content))
    (key,) = [key for key in keys_shown(run, Stream.EVENTS) if key.name == "system.cpu"]
    (found,) = series(run, [key])
    assert list(found.values) == [0.0, 10.0, 20.0]
    assert {key.name for key in keys_shown(run, Stream.EVENTS)} == {"system.cpu", "_timestamp"}


def test_console_lines_overwrite_by_number_and_lose_their_secrets() -> None:
    run = begun(run_of_new_job())
    posted(run, output(["2026-11-24T10:00:00.1 10 %", "2026-11-24T10:00:00.2 key hw-" + "a" * 40]))
    posted(run, output(["2026-11-24T10:00:00.1 50 %"]))
    posted(run, output([f"l{i}" for i in range(600)], offset=3))
    found = console(run)
    assert len(found) == 603
    assert [text for _, text in found[:4]] == [
        "2026-11-24T10:00:00.1 50 %",
        "2026-11-24T10:00:00.2 key [redacted]",
        "",
        "l0",
    ]
    assert [text for _, text in console(run, after=300, limit=3)] == ["l297", "l298", "l299"]
    assert sorted(LogChunk.objects.values_list("block0", flat=True)) == [0, 256, 512]


def test_keys_beyond_the_limit_are_counted_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compute.tracking.actions.numbers.MAX_KEYS", 4)
    run = begun(run_of_new_job())
    posted(run, history([line(0, a=1, b=2, c=3, d=4)]))
    run.refresh_from_db()
    assert MetricKey.objects.filter(run=run).count() == 4
    assert run.values_dropped == 2


def test_values_and_names_beyond_their_size_are_counted_and_left_out() -> None:
    run = begun(run_of_new_job())
    posted(run, history([line(0, **{"n" * (records.MAX_NAME + 1): 1, "text": "x" * records.MAX_VALUE, "ok": 1})]))
    run.refresh_from_db()
    assert run.values_dropped == 2
    assert {"ok"} == {key.name for key in keys_shown(run, Stream.HISTORY)} - {"_runtime", "_timestamp"}


def test_sign_of_life_brings_a_lost_run_back_and_never_opens_a_part() -> None:
    run = begun(run_of_new_job())
    Run.objects.filter(pk=run.pk).update(status=RunStatus.LOST)
    posted(run, {})
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING
    assert RunWriter.objects.get(run=run).is_opening


def test_straggler_of_an_ended_run_is_kept_and_the_status_stays() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 2), complete=True, exitcode=1))
    posted(run, history(lines(2, 2), offset=2))
    run.refresh_from_db()
    assert (run.status, run.exit_code, counted(run)) == (RunStatus.FAILED, 1, 4)


def test_lines_below_the_base_of_a_part_are_those_of_an_earlier_one() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 5)))
    begun(run)
    posted(run, history(lines(5, 2), offset=5))
    posted(run, history(lines(3, 6), offset=3))
    assert curve(run)[0] == list(range(9))
    posted(run, history(lines(0, 2), offset=0))
    assert counted(run) == 9
    posted(run, output(["x"], offset=4))
    posted(run, output(["y"], offset=2))
    assert [text for _, text in console(run)] == ["x"]


def test_empty_lists_of_lines_change_nothing() -> None:
    run = begun(run_of_new_job())
    posted(run, {"files": {**history([])["files"], **output(["2026-11-24T10:00:00.1 x"])["files"]}})
    posted(
        run,
        {
            "files": {
                "output.log": {"offset": 0, "content": []},
                "wandb-history.jsonl": {"offset": 0, "content": ["{}"]},
            }
        },
    )
    assert counted(run) == 1
    assert MetricChunk.objects.count() == 0
