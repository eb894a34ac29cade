"""Line charts: curves with their min/max band, drawn on the server."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from institute.core.ui.charts.scale import Axis, Scale, scale_for, ticks
from institute.core.ui.charts.svg import figure, picture, short, table, tag

WIDTH, HEIGHT = 640.0, 260.0
TOP, BOTTOM = 14.0, 42.0
CHARACTER = 9.5  # width of a digit at the largest size that the style sheet gives the labels
LABEL_GAP = 19.0  # the largest size of the labels
MOST_POINTS = 320
MOST_ROWS = 24
MOST_CURVES = 6


@dataclass(frozen=True, slots=True)
class Point:
    """One place of a curve; `low` and `high` are the extremes that the value stands for."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A named series of points in the order of x; values that are not finite leave a gap."""

    name: str
    points: Sequence[Point]


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points: the last of each bucket, with the bucket's extremes as its band."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / most)
    return [_merge(points[i : i + size]) for i in range(0, len(points), size)]


def _merge(bucket: Sequence[Point]) -> Point:
    finite = [point for point in bucket if math.isfinite(point.y)]
    if not finite:
        return bucket[-1]
    low = min(point.y if point.low is None else point.low for point in finite)
    high = max(point.y if point.high is None else point.high for point in finite)
    return Point(bucket[-1].x, finite[-1].y, low, high)


def _runs(points: Iterable[Point]) -> list[list[Point]]:
    """The points cut at every gap."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point.y):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def path_through(pairs: Iterable[tuple[float, float]]) -> str:
    """Straight lines through the points, as the `d` of a path."""
    return "M" + "L".join(f"{short(x)},{short(y)}" for x, y in pairs)


def _band(run: Sequence[Point], x: Scale, y: Scale) -> SafeString | None:
    wide = [(x(p.x), p.low, p.high) for p in run if p.low is not None and p.high is not None]
    finite = [(at, low, high) for at, low, high in wide if math.isfinite(low) and math.isfinite(high)]
    if len(finite) < 2:
        return None
    top = [(at, y(high)) for at, _low, high in finite]
    bottom = [(at, y(low)) for at, low, _high in reversed(finite)]
    return tag("path", d=path_through([*top, *bottom]) + "Z", class_="band")


def _curve(curve: Curve, index: int, x: Scale, y: Scale) -> SafeString:
    runs = _runs(curve.points)
    bands = [band for run in runs if (band := _band(run, x, y))]
    paths = [tag("path", d=path_through((x(p.x), y(p.y)) for p in run), class_="curve") for run in runs]
    if not runs:
        return tag("g", class_=f"series s{index + 1}")
    last = runs[-1][-1]
    dot = tag("circle", cx=x(last.x), cy=y(last.y), r=4.0, class_="last")
    return tag("g", *bands, *paths, dot, class_=f"series s{index + 1}")


def _axes(x: Scale, y: Scale, x_axis: Axis, y_axis: Axis) -> list[SafeString]:
    drawn = []
    for value in ticks(y.low, y.high):
        at = y(value)
        drawn.append(tag("line", class_="grid", x1=x.start, x2=x.end, y1=at, y2=at))
        drawn.append(tag("text", y_axis.format(value), x=x.start - 8, y=at + 4, text_anchor="end"))
    for value in ticks(x.low, x.high, 5):
        drawn.append(tag("text", x_axis.format(value), x=x(value), y=HEIGHT - BOTTOM + 20, text_anchor="middle"))
    if x_axis.label:
        drawn.append(tag("text", x_axis.label, x=x.end, y=HEIGHT - 4, text_anchor="end", class_="name"))
    return drawn


def spread(places: Sequence[float], gap: float, end: float) -> list[float]:
    """Ascending `places` moved as little as keeps `gap` between neighbours and all of them above `end`."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    limit = end
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - gap
    return moved


def _last_labels(curves: Sequence[Curve], x: Scale, y: Scale, y_axis: Axis) -> list[SafeString]:
    """The last value beside the end of each curve, moved apart where they would cover each other."""
    ends = [(y(runs[-1][-1].y) + 4, i, runs[-1][-1]) for i, curve in enumerate(curves) if (runs := _runs(curve.points))]
    ends.sort(key=lambda end: end[0])
    places = spread([at for at, _i, _point in ends], LABEL_GAP, HEIGHT - BOTTOM + 4)
    return [
        tag("text", y_axis.format(point.y), x=x(point.x) + 9, y=at, class_=f"value s{index + 1}")
        for at, (_at, index, point) in zip(places, ends, strict=True)
    ]


def describe(curves: Sequence[Curve], x_axis: Axis, y_axis: Axis) -> str:
    """The chart in one sentence per curve, for those who do not see it."""
    sentences = []
    for curve in curves:
        finite = [point for run in _runs(curve.points) for point in run]
        if not finite:
            sentences.append(_("%(name)s: no values yet.") % {"name": curve.name})
            continue
        values = {
            "name": curve.name,
            "first": y_axis.format(finite[0].y),
            "last": y_axis.format(finite[-1].y),
            "low": y_axis.format(min(point.y for point in finite)),
            "high": y_axis.format(max(point.y for point in finite)),
            "x": f"{x_axis.label} {x_axis.format(finite[-1].x)}".strip(),
        }
        template = _("%(name)s: from %(first)s to %(last)s at %(x)s; lowest %(low)s, highest %(high)s.")
        sentences.append(template % values)
    return " ".join(sentences)


def _table(curves: Sequence[Curve], x_axis: Axis, y_axis: Axis) -> SafeString:
    rows: dict[float, dict[int, float]] = {}
    for index, curve in enumerate(curves):
        for point in thin(curve.points, MOST_ROWS):
            rows.setdefault(point.x, {})[index] = point.y
    headings = [x_axis.label or "x", *[curve.name for curve in curves]]
    body = [
        [x_axis.format(x), *[y_axis.format(row[i]) if i in row else "–" for i in range(len(curves))]]
        for x, row in sorted(rows.items())
    ]
    return table(headings, body)


def _room(labels: Sequence[str]) -> float:
    """Space beside the plot for the longest of `labels`."""
    return 14 + CHARACTER * max((len(label) for label in labels), default=0)


def line_chart(curves: Sequence[Curve], *, x_axis: Axis | None = None, y_axis: Axis | None = None) -> SafeString:
    """A figure of up to six curves, with a legend where there are several; empty curves say so.

    Curves of more than 320 points are thinned to buckets whose extremes become the band.
    """
    across, up = x_axis or Axis(), y_axis or Axis()
    shown = [Curve(curve.name, thin(curve.points)) for curve in curves[:MOST_CURVES]]
    points = [point for curve in shown for point in curve.points]
    if not any(math.isfinite(point.y) for point in points):
        return tag("figure", tag("p", describe(shown, across, up), class_="none"), class_="chart line")
    extremes = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
    y = scale_for(extremes, up, HEIGHT - BOTTOM, TOP, pad=0.06)
    left = _room([up.format(value) for value in ticks(y.low, y.high)])
    right = _room([up.format(run[-1].y) for curve in shown for run in _runs(curve.points)[-1:]])
    x = scale_for([point.x for point in points], across, left, WIDTH - right)
    drawn = [*_axes(x, y, across, up), *[_curve(curve, i, x, y) for i, curve in enumerate(shown)]]
    drawn += _last_labels(shown, x, y, up)
    drawing = picture(describe(shown, across, up), WIDTH, HEIGHT, drawn)
    keys = [tag("li", curve.name, class_=f"s{i + 1}") for i, curve in enumerate(shown)]
    legend = tag("ul", *keys, class_="legend") if len(shown) > 1 else ""
    return figure("line", tag("div", legend, drawing), _table(shown, across, up))
