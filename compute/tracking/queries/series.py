"""Reading curves: a few keys over a range of steps, whole or reduced to buckets."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from compute.tracking.enums import Encoding, Stream, ValueKind
from compute.tracking.models import MetricChunk, MetricKey, Run, RunWriter
from compute.tracking.models.encoding import unpack_floats, unpack_integers
from compute.tracking.queries.points import as_sent, points_of
from compute.tracking.queries.reduction import Buckets, reduce
from compute.tracking.records import Value

SUMS_WORTH = 64 * 4


@dataclass(frozen=True, slots=True)
class Span:
    """What to read: steps from `first` to `last` (None: to the end), lines from `after_line` on."""

    first: int = 0
    last: int | None = None
    after_line: int = 0

    def keeps_all(self, step0: int, step1: int) -> bool:
        """The whole of a chunk lies inside."""
        return self.first <= step0 and (self.last is None or step1 <= self.last)


@dataclass(frozen=True, slots=True)
class Series:
    """A curve: steps rise; `lows` and `highs` are given where a value stands for several points."""

    name: str
    kind: ValueKind
    steps: Sequence[int]
    values: Sequence[Value]
    lows: Sequence[float] | None = None
    highs: Sequence[float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Columns for the wire: equal distances as start and stride, numbers beyond JSON as texts."""
        body: dict[str, Any] = {"kind": self.kind.value, "steps": _steps_json(self.steps)}
        body["values"] = _values_json(self.values)
        if self.lows is not None and self.highs is not None:
            body |= {"low": _values_json(self.lows), "high": _values_json(self.highs)}
        return body


def _steps_json(steps: Sequence[int]) -> list[int] | dict[str, int]:
    if isinstance(steps, range) and len(steps) > 1:
        return {"start": steps.start, "stride": steps.step, "n": len(steps)}
    return list(steps)


def _values_json(values: Sequence[Value]) -> list[Any]:
    if isinstance(values, array):
        total = sum(values)
        if total - total == 0:
            return values.tolist()
    return [as_sent(value) for value in values]


def shown_writers(run: Run) -> list[RunWriter]:
    """The parts that make the run as it is shown, in order."""
    return list(RunWriter.objects.filter(run=run, part__gte=run.first_part).order_by("part", "id"))


def lines_held(writers: Iterable[RunWriter]) -> int:
    """How many lines of history the parts hold together: the cursor after which new ones come."""
    return sum(writer.lines_history for writer in writers)


def keys_shown(run: Run, stream: Stream) -> list[MetricKey]:
    """The keys with points, by name."""
    return list(MetricKey.objects.filter(run=run, stream=stream, n__gt=0).order_by("name"))


def series(
    run: Run,
    keys: Sequence[MetricKey],
    *,
    span: Span | None = None,
    buckets: int | None = None,
    writers: Sequence[RunWriter] | None = None,
) -> list[Series]:
    """The curves of `keys`, of one stream, in one read of the chunks that touch the span.

    With `buckets` a curve of more points comes as one entry per bucket over the visible range, so that its
    first and last point and every spike stay. Objects are never reduced.
    """
    span = span or Span()
    writers = shown_writers(run) if writers is None else writers
    starts = _starts(writers)
    chunks = _chunks(keys, writers, starts, span, buckets)
    grouped: dict[int, list[MetricChunk]] = {key.pk: [] for key in keys}
    order = {writer.pk: place for place, writer in enumerate(writers)}
    for chunk in sorted(chunks, key=lambda chunk: (order[chunk.writer_id], chunk.line0)):
        grouped[chunk.key_id].append(chunk)
    return [_one(key, grouped[key.pk], starts, span, buckets) for key in keys]


def _starts(writers: Sequence[RunWriter]) -> dict[int, int]:
    """The run's number of each part's first line."""
    starts, total = {}, 0
    for writer in writers:
        starts[writer.pk] = total
        total += writer.lines_history
    return starts


def _chunks(
    keys: Sequence[MetricKey],
    writers: Sequence[RunWriter],
    starts: Mapping[int, int],
    span: Span,
    buckets: int | None,
) -> list[MetricChunk]:
    wanted = Q(key__in=[key.pk for key in keys], writer__in=[writer.pk for writer in writers], step1__gte=span.first)
    if span.last is not None:
        wanted &= Q(step0__lte=span.last)
    if span.after_line:
        later = Q(pk__in=[])
        for writer in writers:
            later |= Q(writer=writer.pk, line1__gte=span.after_line - starts[writer.pk])
        wanted &= later
    long = [key.pk for key in keys if buckets and not span.after_line and key.n > SUMS_WORTH * buckets]
    sums = list(MetricChunk.objects.filter(wanted, level=1, key__in=long)) if long and span.last is None else []
    covered: dict[tuple[int, int], int] = {}
    for chunk in sums:
        place = (chunk.key_id, chunk.writer_id)
        covered[place] = max(covered.get(place, -1), chunk.line1)
    beyond = wanted & Q(level=0)
    for (key_id, writer_id), line in covered.items():
        beyond &= ~Q(key=key_id, writer=writer_id, line1__lte=line)
    return [*sums, *MetricChunk.objects.filter(beyond)]


@dataclass(slots=True)
class _Curve:
    steps: list[int]
    values: "array[float]"
    lows: "array[float]"
    highs: "array[float]"


def _one(
    key: MetricKey, chunks: Sequence[MetricChunk], starts: Mapping[int, int], span: Span, buckets: int | None
) -> Series:
    kind = ValueKind(key.kind)
    if kind == ValueKind.OBJECT or any(chunk.encoding == Encoding.JSON for chunk in chunks):
        return Series(key.name, kind, *_mixed([chunk for chunk in chunks if not chunk.level], starts, span))
    if len(chunks) == 1 and chunks[0].level == 0 and not buckets and _is_whole(chunks[0], starts, span):
        points = points_of(chunks[0])
        return Series(key.name, kind, points.steps, points.values)
    curve = _numbers(chunks, starts, span)
    if buckets is None or len(curve.steps) <= buckets:
        return Series(key.name, kind, _as_range(curve.steps), curve.values)
    made: Buckets = reduce(curve.steps, curve.values, buckets=buckets, lows=curve.lows, highs=curve.highs)
    return Series(key.name, kind, made.steps, array("d", made.values), array("d", made.lows), array("d", made.highs))


def _is_whole(chunk: MetricChunk, starts: Mapping[int, int], span: Span) -> bool:
    return span.keeps_all(chunk.step0, chunk.step1) and starts[chunk.writer_id] + chunk.line0 >= span.after_line


def _as_range(steps: Sequence[int]) -> Sequence[int]:
    """Steps in equal distances as a range."""
    if len(steps) < 2 or steps[1] <= steps[0]:
        return steps
    even = range(steps[0], steps[-1] + 1, steps[1] - steps[0])
    return even if len(even) == len(steps) and list(even) == list(steps) else steps


def _numbers(chunks: Sequence[MetricChunk], starts: Mapping[int, int], span: Span) -> _Curve:
    curve = _Curve([], array("d"), array("d"), array("d"))
    for chunk in chunks:
        steps = unpack_integers(chunk.steps, chunk.step0, chunk.step1, chunk.n)
        values = unpack_floats(chunk.vals)
        lows, highs = values, values
        if chunk.level:
            lows, highs, values = values[1::4], values[2::4], values[3::4]
        if not _is_whole(chunk, starts, span):
            keep = _kept(chunk, steps, starts, span)
            steps = [steps[i] for i in keep]
            values, lows, highs = (array("d", [column[i] for i in keep]) for column in (values, lows, highs))
        curve.steps += steps
        curve.values += values
        curve.lows += lows
        curve.highs += highs
    return curve if _rises(curve.steps) else _sorted(curve)


def _kept(chunk: MetricChunk, steps: Sequence[int], starts: Mapping[int, int], span: Span) -> list[int]:
    lines = unpack_integers(chunk.lines, chunk.line0, chunk.line1, chunk.n)
    start = starts[chunk.writer_id]
    return [
        i
        for i, (line, step) in enumerate(zip(lines, steps, strict=True))
        if span.first <= step and (span.last is None or step <= span.last) and start + line >= span.after_line
    ]


def _rises(steps: Sequence[int]) -> bool:
    return all(map(int.__le__, steps, steps[1:]))


def _sorted(curve: _Curve) -> _Curve:
    order = sorted(range(len(curve.steps)), key=curve.steps.__getitem__)
    values, lows, highs = (array("d", [column[i] for i in order]) for column in (curve.values, curve.lows, curve.highs))
    return _Curve([curve.steps[i] for i in order], values, lows, highs)


def _mixed(chunks: Sequence[MetricChunk], starts: Mapping[int, int], span: Span) -> tuple[list[int], list[Value]]:
    """Objects, and numbers that share their name: as they are, in the order of steps."""
    found: list[tuple[int, Value]] = []
    for chunk in chunks:
        points = points_of(chunk)
        found += [(points.steps[i], points.values[i]) for i in _kept(chunk, points.steps, starts, span)]
    found.sort(key=lambda pair: pair[0])
    return [step for step, _ in found], [value for _, value in found]
