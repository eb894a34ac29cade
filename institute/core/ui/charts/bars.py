"""Shares of a whole: meters, bars, sparklines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from institute.core.ui.charts.lines import Point, path_through
from institute.core.ui.charts.scale import Axis, Format, plain, scale_for
from institute.core.ui.charts.svg import picture, tag

SPARK_WIDTH, SPARK_HEIGHT = 96.0, 24.0


@dataclass(frozen=True, slots=True)
class Part:
    """A share: its name, its size, and the text of the size where a bare number would not do."""

    label: str
    value: float
    text: str = ""

    @property
    def said(self) -> str:
        """Name and size as read aloud."""
        return f"{self.label} {self.text or plain(self.value)}"


def meter(parts: Sequence[Part], total: float) -> SafeString:
    """One bar cut into parts of `total` (spent, held, …); what is left stays empty. At most four parts."""
    whole = max(total, sum(part.value for part in parts), 1e-9)
    drawn, at = [], 0.0
    for index, part in enumerate(parts[:4]):
        width = part.value / whole * 100
        drawn.append(tag("rect", x=f"{at:.2f}", y=0, width=f"{width:.2f}", height=8, class_=f"part p{index + 1}"))
        at += width
    label = ", ".join(part.said for part in parts)
    return picture(label, 100, 8, drawn, class_="meter", preserveAspectRatio="none")


def bars(parts: Sequence[Part], *, format: Format = plain) -> SafeString:  # noqa: A002  (the axis calls it so)
    """Horizontal bars in a table: name, bar, value. It is its own text alternative."""
    most = max((part.value for part in parts), default=0) or 1.0
    rows = [
        tag(
            "tr",
            tag("th", part.label, scope="row"),
            tag("td", _bar(part.value / most)),
            tag("td", part.text or format(part.value), class_="num"),
        )
        for part in parts
    ]
    return tag("table", tag("tbody", *rows), class_="bars")


def _bar(share: float) -> SafeString:
    bar = tag("rect", x=0, y=0, width=f"{share * 100:.2f}", height=8, class_="part p1")
    return tag("svg", bar, viewBox="0 0 100 8", class_="meter bare", preserveAspectRatio="none", aria_hidden="true")


def sparkline(values: Sequence[float], *, label: str) -> SafeString:
    """The shape of a series, no axes; `label` says in words what it shows."""
    finite = [Point(float(i), value) for i, value in enumerate(values) if math.isfinite(value)]
    if not finite:
        return picture(label, SPARK_WIDTH, SPARK_HEIGHT, [], class_="spark")
    x = scale_for([point.x for point in finite], Axis(), 2, SPARK_WIDTH - 5)
    y = scale_for([point.y for point in finite], Axis(), SPARK_HEIGHT - 4, 4)
    curve = tag("path", d=path_through((x(point.x), y(point.y)) for point in finite), class_="curve")
    dot = tag("circle", cx=x(finite[-1].x), cy=y(finite[-1].y), r=2.5, class_="last")
    return picture(label, SPARK_WIDTH, SPARK_HEIGHT, [curve, dot], class_="spark")
