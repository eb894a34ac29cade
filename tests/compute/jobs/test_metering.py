from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.jobs.rules.metering import Cell, Span, Stretch, bound_spans, cells, refund_claim

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOON_S = int(NOON.timestamp())


def stretch(start, end, index=0):
    return Stretch(index, NOON + timedelta(seconds=start), NOON + timedelta(seconds=end))


def test_bound_rounds_up_and_released_rounds_down():
    assert bound_spans([stretch(0.2, 9.9)], processes=1) == [Span(NOON_S + 1, NOON_S + 9)]


def test_whole_seconds_stay_as_they_are():
    assert bound_spans([stretch(0, 9)], processes=1) == [Span(NOON_S, NOON_S + 9)]


def test_less_than_a_whole_second_is_free():
    assert bound_spans([stretch(0.2, 1.9)], processes=1) == []


def test_a_gang_is_bound_while_all_its_pods_are():
    pods = [stretch(0, 100, 0), stretch(10, 40, 1), stretch(60, 90, 1)]
    assert bound_spans(pods, processes=2) == [Span(NOON_S + 10, NOON_S + 40), Span(NOON_S + 60, NOON_S + 90)]


def test_a_gang_with_a_missing_pod_is_never_bound():
    assert bound_spans([stretch(0, 100, 0)], processes=2) == []


def test_a_gang_whose_pods_were_never_there_together_is_never_bound():
    assert bound_spans([stretch(0, 10, 0), stretch(20, 30, 0), stretch(10, 20, 1)], processes=2) == []


def test_overlapping_stretches_of_one_pod_count_once():
    assert bound_spans([stretch(0, 50), stretch(30, 60), stretch(5, 10)], processes=1) == [Span(NOON_S, NOON_S + 60)]


def test_a_pod_outside_the_gang_is_left_out():
    assert bound_spans([stretch(0, 5, 3)], processes=1) == []


def test_golden_three_and_a_half_hours_are_43_slices():
    """ALLOCATION §8 A: 10:02 to 13:32 with 32 chips."""
    start = int(datetime(2026, 3, 2, 10, 2, tzinfo=UTC).timestamp())
    end = int(datetime(2026, 3, 2, 13, 32, tzinfo=UTC).timestamp())
    found = [32 * cell.seconds for cell in cells([Span(start, end)], cell_seconds=300, is_over=True)]
    assert (len(found), found[0], set(found[1:-1]), found[-1]) == (43, 5_760, {9_600}, 3_840)
    assert sum(found) == 403_200


def test_a_job_on_a_cell_edge_has_no_empty_slice():
    found = cells([Span(NOON_S, NOON_S + 600)], cell_seconds=300, is_over=True)
    assert found == [
        Cell(NOON_S // 300, NOON_S, NOON_S + 300, 300),
        Cell(NOON_S // 300 + 1, NOON_S + 300, NOON_S + 600, 300),
    ]


def test_a_running_attempt_owes_only_cells_that_are_over():
    assert [c.seconds for c in cells([Span(NOON_S, NOON_S + 599)], cell_seconds=300, is_over=False)] == [300]


def test_the_last_slice_waits_for_the_end():
    span = [Span(NOON_S, NOON_S + 20)]
    assert cells(span, cell_seconds=300, is_over=False) == []
    assert [c.seconds for c in cells(span, cell_seconds=300, is_over=True)] == [20]


def test_a_hole_is_idle_time_of_its_slice():
    found = cells([Span(NOON_S, NOON_S + 100), Span(NOON_S + 160, NOON_S + 300)], cell_seconds=300, is_over=True)
    assert [(c.seconds, c.idle_seconds, c.starts_at, c.ends_at) for c in found] == [
        (240, 60, NOON, NOON + timedelta(seconds=300))
    ]


def test_a_cell_that_is_idle_throughout_has_no_slice():
    found = cells([Span(NOON_S, NOON_S + 10), Span(NOON_S + 700, NOON_S + 710)], cell_seconds=300, is_over=True)
    assert [c.slice_no for c in found] == [NOON_S // 300, NOON_S // 300 + 2]


def test_nothing_bound_means_no_slice():
    assert cells([], cell_seconds=300, is_over=True) == []


spans = st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 700)), min_size=1, max_size=6).map(
    lambda pairs: bound_spans([stretch(start, start + length) for start, length in pairs], processes=1)
)


@given(spans, st.sampled_from([5, 60, 300]))
def test_slices_hold_every_used_second_once(spans, cell_seconds):
    found = cells(spans, cell_seconds=cell_seconds, is_over=True)
    assert sum(c.seconds for c in found) == sum(s.end - s.start for s in spans)
    assert len({c.slice_no for c in found}) == len(found)
    for c in found:
        assert c.slice_no * cell_seconds <= c.start < c.end <= (c.slice_no + 1) * cell_seconds


pods = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 30)), max_size=10)


@given(pods, st.integers(1, 3))
def test_a_second_is_bound_if_and_only_if_every_pod_holds_it(pods, processes):
    held = [set() for _ in range(3)]
    for index, start, length in pods:
        held[index] |= set(range(start, start + length))
    found = bound_spans([stretch(start, start + length, index) for index, start, length in pods], processes=processes)
    bound = [second - NOON_S for span in found for second in range(span.start, span.end)]
    assert bound == sorted(set.intersection(*held[:processes]))


@given(st.integers(1, 3_000), st.integers(1, 3_000))
def test_what_a_running_attempt_owes_never_changes_later(seen, more):
    early = cells([Span(NOON_S, NOON_S + seen)], cell_seconds=300, is_over=False)
    later = cells([Span(NOON_S, NOON_S + seen + more)], cell_seconds=300, is_over=True)
    assert later[: len(early)] == early


@pytest.mark.parametrize(
    ("durable", "captured", "claim"),
    [
        (1_000, 10**9, 32 * 1_920),  # back to the checkpoint
        (None, 10**9, 32 * 2_920),  # no checkpoint: back to the start
        (-50, 10**9, 32 * 2_920),  # a checkpoint of an earlier attempt does not reach behind the start
        (1_000, 500, 500),  # never more than was captured
        (3_000, 10**9, 0),  # the checkpoint came last
    ],
)
def test_refund_claim(durable, captured, claim):
    assert refund_claim(accelerators=32, released=2_920, durable=durable, bound=0, captured=captured) == claim


def test_refund_claim_is_at_most_four_hours():
    """ALLOCATION §8 B."""
    assert refund_claim(accelerators=32, released=23_400, durable=None, bound=0, captured=748_800) == 460_800
