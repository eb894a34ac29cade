"""Making a long curve short without hiding anything: first, low, high and last of each bucket."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite


@dataclass(slots=True)
class Buckets:
    """One entry per bucket that holds a point: the step and value of its last point, and its extremes.

    `values` may be not finite, which breaks the line; `lows` and `highs` then are those of the finite ones,
    or not finite too where there is none.
    """

    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)

    def add(self, step: int, value: float, low: float, high: float) -> None:
        """One entry more."""
        self.steps.append(step)
        self.values.append(value)
        self.lows.append(low)
        self.highs.append(high)


def low_and_high(values: Sequence[float]) -> tuple[float, float]:
    """The extremes of the finite values; the last value twice where none is finite."""
    if isfinite(sum(values)):
        return min(values), max(values)
    finite = [value for value in values if isfinite(value)] or [values[-1]]
    return min(finite), max(finite)


def reduce(
    steps: Sequence[int],
    values: Sequence[float],
    *,
    buckets: int,
    lows: Sequence[float] | None = None,
    highs: Sequence[float] | None = None,
) -> Buckets:
    """At most `buckets` entries, of equal width in steps, plus the curve's first point as it is.

    `steps` rise. Where the points are sums themselves, `lows` and `highs` are their extremes.
    """
    made = Buckets()
    if not steps:
        return made
    lows, highs = (values if lows is None else lows), (values if highs is None else highs)
    if len(steps) <= buckets:
        return Buckets(list(steps), list(values), list(lows), list(highs))
    made.add(steps[0], values[0], values[0], values[0])
    span = steps[-1] - steps[0] + 1
    start = 0
    for bucket in range(1, buckets):
        end = bisect_left(steps, steps[0] + (span * bucket + buckets - 2) // (buckets - 1), start)
        if end > start:
            low, high = low_and_high(lows[start:end])
            if highs is not lows:
                high = low_and_high(highs[start:end])[1]
            made.add(steps[end - 1], values[end - 1], low, high)
            start = end
    return made
