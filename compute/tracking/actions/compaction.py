"""Small chunks become large ones; long curves get a level of sums."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from math import isfinite

from django.db import transaction
from django.db.models import Count, Sum

from compute.tracking.actions.lifecycle import locked
from compute.tracking.enums import Encoding
from compute.tracking.models import MetricChunk, Run
from compute.tracking.models.encoding import extremes, pack_floats, pack_integers, pack_objects
from compute.tracking.queries.points import Points, points_of
from compute.tracking.records import Value

CHUNK_POINTS = 4_096
LEVEL_FROM = 65_536
LEVEL_POINTS = 64
QUIET = timedelta(minutes=1)


def compact_run(*, run: Run) -> int:
    """Merge the chunks of each series into chunks of 4,096 points, without changing a point.

    One series at a time under the run's lock, so that intake waits for one series at most. Series of more
    than 65,536 points get sums of 64 points each. The number of series written anew.
    """
    written = 0
    for key_id, writer_id, encoding in _small_series(run):
        with transaction.atomic():
            locked(run)
            written += _merge(key_id, writer_id, encoding)
    return written


def _small_series(run: Run) -> list[tuple[int, int, str]]:
    """Series that hold at least two chunks more than they need."""
    groups = MetricChunk.objects.filter(run=run, level=0).order_by().values("key", "writer", "encoding")
    return [
        (row["key"], row["writer"], row["encoding"])
        for row in groups.annotate(chunks=Count("id"), points=Sum("n"))
        if row["chunks"] > row["points"] // CHUNK_POINTS + 1
    ]


def _merge(key_id: int, writer_id: int, encoding: str) -> int:
    held = list(
        MetricChunk.objects.filter(key_id=key_id, writer_id=writer_id, encoding=encoding, level=0).order_by("line0")
    )
    if len(held) < 2:
        return 0
    parts = [points_of(chunk) for chunk in held]
    lines = list(chain.from_iterable(part.lines for part in parts))
    steps = list(chain.from_iterable(part.steps for part in parts))
    values = list(chain.from_iterable(part.values for part in parts))
    times = {chunk.line0: chunk.t0 for chunk in held} | {chunk.line1: chunk.t1 for chunk in held}
    model = held[0]
    MetricChunk.objects.filter(key_id=key_id, writer_id=writer_id, encoding=encoding).delete()
    fresh = [
        _chunk(model, Points(lines[i : i + CHUNK_POINTS], steps[i : i + CHUNK_POINTS], values[i : i + CHUNK_POINTS]))
        for i in range(0, len(lines), CHUNK_POINTS)
    ]
    for chunk in fresh:
        chunk.t0, chunk.t1 = times.get(chunk.line0), times.get(chunk.line1)
    if encoding == Encoding.F8 and len(lines) > LEVEL_FROM:
        fresh += _sums(model, Points(lines, steps, values))
    MetricChunk.objects.bulk_create(fresh)
    return 1


def _chunk(model: MetricChunk, points: Points, *, level: int = 0) -> MetricChunk:
    values = points.values
    low, high = (None, None) if model.encoding == Encoding.JSON else extremes(_floats(values))
    return MetricChunk(
        run_id=model.run_id, writer_id=model.writer_id, key_id=model.key_id, level=level, encoding=model.encoding,
        n=len(points.lines), line0=points.lines[0], line1=points.lines[-1],
        step0=points.steps[0], step1=points.steps[-1], vmin=low, vmax=high,
        lines=pack_integers(points.lines), steps=pack_integers(points.steps),
        vals=pack_objects(_texts(values)) if model.encoding == Encoding.JSON else pack_floats(_floats(values)),
    )  # fmt: skip


def _floats(values: Iterable[Value]) -> list[float]:
    return [value for value in values if isinstance(value, float)]


def _texts(values: Iterable[Value]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _sums(model: MetricChunk, points: Points) -> Iterator[MetricChunk]:
    """Chunks of level 1: the first point alone, then for every 64 points their first, low, high and last.

    A group lies at the step of its last point, so that both ends of the curve stay where they are.
    """
    lines, steps, values = points.lines, points.steps, _floats(points.values)
    groups = [range(1), *(range(i, min(i + LEVEL_POINTS, len(lines))) for i in range(1, len(lines), LEVEL_POINTS))]
    for i in range(0, len(groups), CHUNK_POINTS):
        some = groups[i : i + CHUNK_POINTS]
        figures: list[Value] = []
        for group in some:
            figures += _first_low_high_last(values[group.start : group.stop])
        ends = Points([lines[group.stop - 1] for group in some], [steps[group.stop - 1] for group in some], figures)
        yield _chunk(model, ends, level=1)


def _first_low_high_last(values: Sequence[float]) -> list[float]:
    finite = [value for value in values if isfinite(value)] or [values[-1]]
    return [values[0], min(finite), max(finite), values[-1]]
