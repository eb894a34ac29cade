"""Chunks back into points, and points back into the lines that the SDK sent."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from compute.tracking.enums import Encoding, Stream
from compute.tracking.models import MetricChunk, RunWriter
from compute.tracking.models.encoding import unpack_floats, unpack_integers, unpack_objects
from compute.tracking.records import Record, Value


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one chunk: line of the writer, step of the run, value."""

    lines: Sequence[int]
    steps: Sequence[int]
    values: Sequence[Value]


def points_of(chunk: MetricChunk) -> Points:
    """The points of a chunk of level 0."""
    values: Sequence[Value]
    if chunk.encoding == Encoding.F8:
        values = unpack_floats(chunk.vals)
    else:
        values = unpack_objects(chunk.vals)
    return Points(
        unpack_integers(chunk.lines, chunk.line0, chunk.line1, chunk.n),
        unpack_integers(chunk.steps, chunk.step0, chunk.step1, chunk.n),
        values,
    )


def chunks_over(writer: RunWriter, stream: Stream, first: int, last: int) -> QuerySet[MetricChunk]:
    """The chunks of level 0 that hold a line from `first` to `last`, both included."""
    return (
        MetricChunk.objects.filter(
            writer=writer, level=0, line1__gte=first, line0__lte=last, key__run_id=writer.run_id, key__stream=stream
        )
        .select_related("key")
        .order_by("line0", "id")
    )


@dataclass(slots=True)
class Row:
    """One line: its step in the run and its values by name."""

    step: int
    record: Record


def rows_of(chunks: Iterable[MetricChunk]) -> dict[int, Row]:
    """The lines of one writer, put together from its chunks."""
    rows: dict[int, Row] = {}
    for chunk in chunks:
        points = points_of(chunk)
        for line, step, value in zip(points.lines, points.steps, points.values, strict=True):
            row = rows.get(line)
            if row is None:
                rows[line] = row = Row(step, {})
            row.record[chunk.key.name] = value
    return rows


def as_sent(value: Value) -> object:
    """A stored value as JSON has it; numbers beyond JSON as the SDK's own texts."""
    if isinstance(value, str):
        return json.loads(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def lines_as_sent(rows: dict[int, Row]) -> Iterator[dict[str, object]]:
    """Each line as the SDK would read it back, in the order of lines."""
    for line in sorted(rows):
        row = rows[line]
        yield {**{name: as_sent(value) for name, value in row.record.items()}, "_step": row.step}
