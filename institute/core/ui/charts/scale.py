"""From values to coordinates: ranges with round ticks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from institute.core.ui import formats

Format = Callable[[float], str]


def nice_step(span: float, wanted: int) -> float:
    """The round step (1, 2 or 5 times a power of ten) that cuts `span` into about `wanted` pieces."""
    raw = span / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= raw * 0.999)


def is_empty(low: float, high: float) -> bool:
    """True where no round values fit between the ends: floats that close differ by rounding alone."""
    return not high - low > max(abs(low), abs(high), 1e-280) * 1e-9


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round values within [low, high]; one value where the range is empty."""
    if is_empty(low, high):
        return [low]
    step = nice_step(high - low, wanted)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [float(f"{(first + i) * step:.12g}") for i in range(max(count, 0))]


def plain(value: float) -> str:
    """A number with as many digits as its size deserves."""
    size = abs(value)
    if size and size < 0.001:
        return f"{value:.1e}"
    digits = 0 if size >= 100 else 2 if size >= 1 else 4
    return formats.number(round(value, digits), digits)


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows: its name (with unit) and how its values are written."""

    label: str = ""
    format: Format = plain
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps [low, high] to coordinates [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def scale_for(values: Sequence[float], axis: Axis, start: float, end: float, *, pad: float = 0.0) -> Scale:
    """A scale that holds all finite `values`, widened by `pad` of the range, never empty."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low = min(finite) if axis.low is None else axis.low
    high = max(finite) if axis.high is None else axis.high
    if is_empty(low, high):
        room = abs(low) * 0.1 or 1.0
        low, high = low - room, high + room
    room = (high - low) * pad
    low = low if axis.low is not None else low - room
    return Scale(low, high if axis.high is not None else high + room, start, end)
