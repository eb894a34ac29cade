"""Reading curves back."""

import json
import time

import pytest

from compute.tracking.actions.compaction import compact_run
from compute.tracking.models import MetricChunk, MetricKey, Run
from compute.tracking.queries import machine
from compute.tracking.queries.runs import history_lines
from compute.tracking.queries.series import Series, Span, lines_held, series, shown_writers
from tests.factories.tracking import START, begun, events, history, line, lines, posted, run_of_new_job

pytestmark = pytest.mark.django_db
SPIKE = 77_777


def read(run: Run, name: str = "loss", **how: object) -> Series:
    run.refresh_from_db()
    return series(run, [MetricKey.objects.get(run=run, name=name)], **how)[0]


@pytest.fixture
def long_run() -> Run:
    """100,000 points with one spike, in posts of 10,000 lines."""
    run = begun(run_of_new_job())
    for first in range(0, 100_000, 10_000):
        content = [
            f'{{"loss": {100.0 if step == SPIKE else 1.0}, "_step": {step}}}' for step in range(first, first + 10_000)
        ]
        posted(run, history(content, offset=first))
    return run


def assert_spike_and_ends(found: Series) -> None:
    assert len(found.steps) <= 100
    assert (found.steps[0], found.steps[-1]) == (0, 99_999)
    assert found.highs is not None
    assert max(found.highs) == 100.0
    assert max(found.values) in (1.0, 100.0)


def test_spike_and_both_ends_show_at_100_buckets_before_and_after_compaction(long_run: Run) -> None:
    assert_spike_and_ends(read(long_run, buckets=100))
    whole = list(read(long_run).values)
    assert compact_run(run=long_run) == 0  # ten chunks are fewer than a hundred thousand points need
    MetricChunk.objects.filter(run=long_run).update(level=0)
    for step in range(100_000, 100_030):
        posted(long_run, history([f'{{"loss": 1.0, "_step": {step}}}'], offset=step))
    assert compact_run(run=long_run) == 1
    assert MetricChunk.objects.filter(run=long_run, level=1).count() == 1
    assert list(read(long_run).values) == [*whole, *[1.0] * 30]
    found = read(long_run, buckets=100)
    assert (found.steps[0], found.steps[-1], max(found.highs or [])) == (0, 100_029, 100.0)
    posted(long_run, history(['{"loss": 7.0, "_step": 100030}'], offset=100_030))
    found = read(long_run, buckets=100)
    assert (found.steps[-1], found.values[-1]) == (100_030, 7.0)
    zoomed = read(long_run, buckets=100, span=Span(SPIKE - 20, SPIKE + 20))
    assert (list(zoomed.steps), max(zoomed.values)) == (list(range(SPIKE - 20, SPIKE + 21)), 100.0)


def test_hundred_thousand_points_are_json_within_a_second(long_run: Run) -> None:
    began = time.process_time()
    body = json.dumps(read(long_run).as_json())
    assert len(body) > 400_000
    assert '"steps": {"start": 0, "stride": 1, "n": 100000}' in body
    assert time.process_time() - began < 1.0


def test_cursor_brings_what_came_since() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(0, 5)))
    cursor = lines_held(shown_writers(run))
    posted(run, history(lines(5, 2), offset=5))
    begun(run)
    posted(run, history(lines(7, 2), offset=7))
    assert list(read(run, span=Span(after_line=cursor)).steps) == [5, 6, 7, 8]
    assert list(read(run, span=Span(after_line=6)).steps) == [6, 7, 8]
    assert list(read(run, span=Span(after_line=9)).steps) == []
    assert list(read(run, span=Span(first=2, last=3)).steps) == [2, 3]


def test_parts_that_overlap_are_shown_in_the_order_of_steps() -> None:
    run = begun(run_of_new_job())
    posted(run, history(lines(10, 5)))
    begun(run)
    later = [json.dumps({"loss": 9.0, "_step": step, "_timestamp": START + 500 + step}) for step in (12, 13)]
    posted(run, history(later, offset=5))
    assert list(read(run).steps) == [10, 11, 12, 12, 13, 13, 14]


def test_objects_and_mixed_names_come_as_they_are() -> None:
    run = begun(run_of_new_job())
    posted(run, history([line(0, x=1), line(1, x="word"), line(2, x=float("nan"))]))
    found = read(run, "x", buckets=2).as_json()
    assert found == {"kind": "float", "steps": [0, 1, 2], "values": [1, "word", "NaN"]}
    compact_run(run=run)
    posted(run, history([line(3, x="again")], offset=3))
    posted(run, history([line(4, x="more")], offset=4))
    compact_run(run=run)
    assert read(run, "x").as_json()["values"] == [1, "word", "NaN", "again", "more"]


def test_steps_that_are_not_even_are_listed() -> None:
    run = begun(run_of_new_job())
    posted(run, history([line(step, a=step) for step in (0, 1, 5)]))
    posted(run, history([line(6, a=6)], offset=3))
    assert read(run, "a").as_json()["steps"] == [0, 1, 5, 6]
    assert read(run, "a", span=Span(first=6)).as_json() == {"kind": "int", "steps": [6], "values": [6.0]}


def test_compaction_changes_no_line() -> None:
    run = begun(run_of_new_job())
    for step in range(40):
        posted(run, history([line(step, a=step, b="t")] if step % 3 else [line(step, c=1.5)], offset=step))
    posted(run, history([line(7, a=99)], offset=7))
    before = history_lines(run, first=0)
    assert compact_run(run=run) > 0
    key = lambda entry: json.dumps(entry, sort_keys=True)  # noqa: E731
    assert [key(entry) for entry in history_lines(run, first=0)] == [key(entry) for entry in before]


def test_history_lines_by_range_and_keys() -> None:
    run = begun(run_of_new_job())
    posted(run, history([line(step, a=step, **({"b": 1} if step % 2 else {})) for step in range(6)]))
    assert [entry["_step"] for entry in history_lines(run, first=2, last=4)] == [2, 3]
    found = history_lines(run, first=0, keys=["_step", "a", "b"])
    assert found == [{"a": step, "b": 1, "_step": step} for step in (1, 3, 5)]


POWER = ["system.gpu.0.powerWatts"]


def measured(run: Run) -> machine.Energy | None:
    return machine.energy(machine.machine_rows(run, POWER), POWER)


def watts(samples: list[tuple[float, float]]) -> Run:
    run = begun(run_of_new_job())
    posted(run, events([json.dumps({"system.gpu.0.powerWatts": w, "_timestamp": START + t}) for t, w in samples]))
    return run


def test_energy_of_an_even_draw_is_golden() -> None:
    found = measured(watts([(15.0 * i, 400.0) for i in range(241)]))
    assert found is not None
    assert (found.joules, found.coverage_percent) == (1_440_000, 100.0)


def test_energy_does_not_bridge_a_hole() -> None:
    samples = [(15.0 * i, 400.0) for i in range(241) if not 100 < i < 106]
    found = measured(watts(samples))
    assert found is not None
    assert (found.joules, found.coverage_percent) == (1_404_000, 97.5)


def test_machine_that_said_nothing_has_no_curves_and_no_energy() -> None:
    run = begun(run_of_new_job())
    assert machine.machine_curves(machine.machine_rows(run, ["system.cpu"]), ["system.cpu"]) == []
    assert measured(run) is None
    run = watts([(0.0, 100.0), (10.0, 300.0)])
    (found,) = machine.machine_curves(machine.machine_rows(run, POWER), [*POWER, "system.cpu"])
    assert (found.points, found.mean) == ([(0.0, 100.0), (10.0, 300.0)], 200.0)
