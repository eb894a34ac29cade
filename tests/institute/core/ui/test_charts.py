import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from institute.core.ui import charts
from institute.core.ui.charts import Axis, Band, Curve, Node, Part, Point
from institute.core.ui.charts.lines import spread, thin
from institute.core.ui.charts.scale import plain, scale_for, ticks
from institute.core.ui.charts.svg import short

finite = st.floats(-1e9, 1e9, allow_nan=False)
anything = st.floats(-1e12, 1e12) | st.sampled_from([math.nan, math.inf, -math.inf])


def parse(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


@given(finite, finite)
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert len(found) <= 11
    assert (
        all(low - abs(low) * 1e-9 - 1e-9 <= tick <= high + abs(high) * 1e-9 + 1e-9 for tick in found) or len(found) == 1
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 5, 10]), (1.6, 4.3, [2, 3, 4]), (0, 1, [0, 0.5, 1]), (3, 3, [3]), (-5, 5, [-5, 0, 5])],
)
def test_ticks_of_usual_ranges(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_an_axis_with_fixed_ends_keeps_them() -> None:
    scale = scale_for([3, 4], Axis(low=0, high=10), 0, 100, pad=0.1)
    assert (scale(0), scale(10)) == (0, 100)


def test_equal_values_still_have_a_scale() -> None:
    assert scale_for([5, 5], Axis(), 0, 100)(5) == 50
    assert scale_for([], Axis(), 0, 100)(0) == 50


@pytest.mark.parametrize(
    ("value", "text"), [(0.00001, "1.0e-05"), (1234.56, "1,235"), (1.6234, "1.62"), (0.12346, "0.1235"), (0, "0")]
)
def test_numbers_have_the_digits_their_size_deserves(value: float, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (1.25, "1.2"), (-0.01, "0"), (10.0, "10"), (-2.5, "-2.5")])
def test_coordinates_are_short(value: float, text: str) -> None:
    assert short(value) == text


@given(st.lists(st.tuples(st.integers(0, 10**6), anything, anything), max_size=40))
def test_any_values_make_a_well_formed_picture_without_nan(rows: list[tuple[int, float, float]]) -> None:
    points = [Point(float(x), y, min(y, low), max(y, low)) for x, y, low in sorted(rows, key=lambda row: row[0])]
    html = charts.line_chart([Curve("a <b>", points)])
    parse(html)
    drawn = html.split("<details>")[0]
    coordinates = re.findall(r' (?:d|x|y|x1|x2|y1|y2|cx|cy)="([^"]*)"', drawn)
    assert not any("nan" in part or "inf" in part for part in coordinates)
    assert "style=" not in html


def test_a_curve_says_in_words_what_it_shows() -> None:
    html = charts.line_chart([Curve("loss", [Point(1, 4), Point(2, 1.5), Point(3, 1.74)])], x_axis=Axis("step"))
    assert 'aria-label="loss: from 4 to 1.74 at step 3; lowest 1.5, highest 4."' in html
    assert re.search(r'class="value s1">1.74<', html)


def test_a_gap_cuts_the_curve() -> None:
    points = [Point(i, math.nan if i == 2 else 1.0 * i) for i in range(5)]
    assert charts.line_chart([Curve("loss", points)]).count('class="curve"') == 2


def test_the_band_needs_extremes() -> None:
    assert 'class="band"' not in charts.line_chart([Curve("loss", [Point(1, 1), Point(2, 2)])])
    assert 'class="band"' in charts.line_chart([Curve("loss", [Point(1, 1, 0, 2), Point(2, 2, 1, 3)])])


def test_an_empty_curve_says_so() -> None:
    for points in ([], [Point(1, math.nan)]):
        html = charts.line_chart([Curve("accuracy", points)])
        assert html == '<figure class="chart line"><p class="none">accuracy: no values yet.</p></figure>'


def test_an_empty_curve_beside_another_keeps_its_place_in_the_legend() -> None:
    html = charts.line_chart([Curve("a", []), Curve("b", [Point(1, 1), Point(2, 2)])])
    assert '<li class="s1">a</li><li class="s2">b</li>' in html
    assert "a: no values yet." in html


def test_many_points_are_thinned_without_losing_an_extreme() -> None:
    points = [Point(float(i), 100.0 if i == 777 else 1.0) for i in range(10_000)]
    few = thin(points)
    assert len(few) <= 320
    assert max(point.high or 0 for point in few) == 100.0
    assert few[-1].x == 9_999.0
    assert len(charts.line_chart([Curve("loss", points)])) < 20_000


def test_thinning_keeps_gaps() -> None:
    assert all(math.isnan(point.y) for point in thin([Point(float(i), math.nan) for i in range(1000)]))


def test_the_figures_stand_in_a_table_behind_the_picture() -> None:
    html = charts.line_chart([Curve("loss", [Point(1, 4), Point(2, 2)]), Curve("other", [Point(2, 3)])])
    rows = [[cell.text for cell in row] for row in parse(html).iter("tr")]
    assert rows == [["x", "loss", "other"], ["1", "4", "–"], ["2", "2", "3"]]


def test_a_meter_is_read_aloud_and_never_overflows() -> None:
    svg = charts.meter([Part("Spent", 71), Part("Held", 50, "50 chip-h")], 100)
    assert 'aria-label="Spent 71, Held 50 chip-h"' in svg
    widths = [float(rect.attrib["width"]) for rect in parse(svg)]
    assert sum(widths) == pytest.approx(100, abs=0.02)
    assert charts.meter([Part("Spent", 0)], 0).count("<rect") == 1


def test_bars_are_a_table() -> None:
    html = charts.bars([Part("Cloud A", 54, "54 %"), Part("Lab B", 27)])
    root = parse(html)
    assert [cell.text for cell in root.iter("th")] == ["Cloud A", "Lab B"]
    assert [rect.attrib["width"] for rect in root.iter("rect")] == ["100.00", "50.00"]
    assert '<td class="num">27</td>' in html
    assert charts.bars([]) == '<table class="bars"><tbody></tbody></table>'


def test_a_sparkline_leaves_out_what_is_not_finite() -> None:
    assert charts.sparkline([], label="nothing").count("<path") == 0
    svg = charts.sparkline([3, math.nan, 1], label='"down"')
    assert 'aria-label="&quot;down&quot;"' in svg
    parse(svg)


COLUMNS = [[Node("a", "A <1>"), Node("b", "B")], [Node("p", "P", "/projects/p")], [Node("m", "models")]]
BANDS = [Band("a", "p", 3), Band("b", "p", 1), Band("p", "m", 4), Band("p", "gone", 9), Band("a", "p", 0)]


def test_a_flow_draws_each_band_once_and_tells_it_in_the_table() -> None:
    html = charts.flow(COLUMNS, BANDS, label="Hours become models")
    root = parse(html)
    assert html.count('class="flow-band') == 3
    assert [row[0].text for row in root.iter("tr")][1:] == ["A <1> → P", "B → P", "P → models"]
    assert '<a href="/projects/p">' in html
    assert 'role="group" aria-label="Hours become models"' in html


def test_bands_are_as_wide_as_their_share_of_the_fullest_column() -> None:
    html = charts.flow(COLUMNS, BANDS, label="x")
    heights = [float(rect.attrib["height"]) for rect in parse(html).iter("rect")]
    assert heights == pytest.approx([187.5, 62.5, 250, 250])


def test_a_flow_without_links_is_one_picture() -> None:
    assert 'role="img"' in charts.flow([[Node("a", "A")], [Node("b", "B")]], [Band("a", "b", 1)], label="x")
    parse(charts.flow([], [], label="nothing yet"))


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([10, 50, 90], [10, 50, 90]),
        ([10, 11, 12], [10, 29, 48]),
        ([90, 95, 99], [62, 81, 100]),
        ([10, 99, 99], [10, 81, 100]),
        ([], []),
    ],
)
def test_labels_keep_their_distance_and_stay_inside(places: list[float], expected: list[float]) -> None:
    assert spread(places, 19, 100) == expected
