"""Writing lines of numbers: appended as chunks, rewritten where they differ from what is held."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from django.db import connection
from django.db.models import Max, Min, QuerySet, Sum

from compute.tracking.enums import Encoding, Stream, ValueKind
from compute.tracking.models import MetricChunk, MetricKey, Run, RunWriter
from compute.tracking.models.encoding import extremes, pack_floats, pack_integers, pack_objects
from compute.tracking.queries.points import Row, chunks_over, points_of, rows_of
from compute.tracking.records import MAX_KEYS, TIME, Record, Value, kind_of


@dataclass(slots=True)
class Column:
    """The points of one key in one encoding, in the order of lines."""

    kind: ValueKind
    lines: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    floats: "array[float]" = field(default_factory=lambda: array("d"))
    low: float | None = None
    high: float | None = None

    def seal(self) -> None:
        """Once all points are in: their floats, their extremes, and whether they are all whole."""
        if self.kind == ValueKind.OBJECT:
            return
        self.floats = array("d", self.values)  # type: ignore[arg-type]  # a column of numbers
        self.low, self.high = extremes(self.floats)
        if self.kind == ValueKind.INT and any(value % 1 for value in self.floats):
            self.kind = ValueKind.FLOAT

    @property
    def encoding(self) -> Encoding:
        """How the values are written."""
        return Encoding.JSON if self.kind == ValueKind.OBJECT else Encoding.F8

    @property
    def last(self) -> float | None:
        """The last finite value."""
        return next((value for value in reversed(self.floats) if isfinite(value)), None)


def columns_of(rows: Iterable[tuple[int, int, Record]]) -> list[tuple[str, Column]]:
    """(line, step, record) rows turned by name; a name with both numbers and objects has two columns."""
    numbers: dict[str, Column] = {}
    objects: dict[str, Column] = {}
    for line, step, record in rows:
        for name, value in record.items():
            side = objects if type(value) is str else numbers
            column = side.get(name)
            if column is None:
                side[name] = column = Column(kind_of(value))
            column.lines.append(line)
            column.steps.append(step)
            column.values.append(value)
    columns = [*numbers.items(), *objects.items()]
    for _, column in columns:
        column.seal()
    return columns


def admitted_names(run: Run, stream: Stream, names: Iterable[str]) -> set[str]:
    """Which of `names` may be stored: those known, and new ones while the run has fewer than 10,000 keys."""
    wanted = list(dict.fromkeys(names))
    known = set(MetricKey.objects.filter(run=run, stream=stream, name__in=wanted).values_list("name", flat=True))
    fresh = [name for name in wanted if name not in known]
    if not fresh:
        return known
    room = max(0, MAX_KEYS - MetricKey.objects.filter(run=run).count())
    return known | set(fresh[:room])


_UPSERT = """
INSERT INTO tracking_metrickey AS held (run_id, stream, name, kind, last, low, high, n, step_metric)
SELECT %s, %s, fresh.name, fresh.kind, fresh.last, fresh.low, fresh.high, fresh.n, ''
FROM unnest(%s::text[], %s::text[], %s::float8[], %s::float8[], %s::float8[], %s::bigint[])
     AS fresh(name, kind, last, low, high, n)
ON CONFLICT (run_id, stream, name) DO UPDATE SET
  kind = CASE WHEN held.kind = excluded.kind OR 'object' IN (held.kind, excluded.kind) THEN held.kind ELSE 'float' END,
  last = coalesce(excluded.last, held.last), low = least(held.low, excluded.low),
  high = greatest(held.high, excluded.high), n = held.n + excluded.n
RETURNING id, name
"""


def _ensure_keys(
    run: Run, stream: Stream, columns: Sequence[tuple[str, Column]], *, is_counted: bool
) -> dict[str, int]:
    """Make or update the keys of the columns; their row ids by name."""
    figures: dict[str, list[object]] = {}
    for name, column in columns:
        entry = figures.setdefault(name, [name, column.kind.value, None, None, None, 0])
        if is_counted:
            entry[5] += len(column.lines)  # type: ignore[operator]  # the count
            if column.encoding == Encoding.F8:
                entry[2:5] = [column.last, column.low, column.high]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [run.pk, stream.value, *map(list, zip(*figures.values(), strict=True))])
        return {name: pk for pk, name in cursor.fetchall()}


def write_rows(
    run: Run, writer: RunWriter, stream: Stream, rows: Sequence[tuple[int, int, Record]], *, is_counted: bool = True
) -> set[int]:
    """Write rows as one chunk per key and encoding; the ids of the keys. `is_counted` adds to the keys' figures."""
    columns = columns_of(rows)
    if not columns:
        return set()
    keys = _ensure_keys(run, stream, columns, is_counted=is_counted)
    times = {line: record.get(TIME) for line, _, record in rows}
    MetricChunk.objects.bulk_create(_chunk(writer, keys[name], column, times) for name, column in columns)
    return set(keys.values())


def _chunk(writer: RunWriter, key_id: int, column: Column, times: Mapping[int, Value | None]) -> MetricChunk:
    lines, steps = column.lines, column.steps
    is_object = column.encoding == Encoding.JSON
    return MetricChunk(
        run_id=writer.run_id,
        writer_id=writer.pk,
        key_id=key_id,
        level=0,
        encoding=column.encoding.value,
        n=len(lines),
        line0=lines[0],
        line1=lines[-1],
        step0=steps[0],
        step1=steps[-1],
        t0=_number(times[lines[0]]),
        t1=_number(times[lines[-1]]),
        vmin=column.low,
        vmax=column.high,
        lines=pack_integers(lines),
        steps=pack_integers(steps),
        vals=pack_objects([str(value) for value in column.values]) if is_object else pack_floats(column.floats),
    )


def _number(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def rewrite_rows(run: Run, writer: RunWriter, stream: Stream, changed: Mapping[int, Row]) -> None:
    """Put other rows in the place of held ones: the chunks that hold them are written anew."""
    held = list(chunks_over(writer, stream, min(changed), max(changed)))
    rows = rows_of(held)
    touched = {chunk.key_id for chunk in held}
    rows.update(changed)
    MetricChunk.objects.filter(pk__in=[chunk.pk for chunk in held]).delete()
    ordered = [(line, rows[line].step, rows[line].record) for line in sorted(rows)]
    touched |= write_rows(run, writer, stream, ordered, is_counted=False)
    MetricChunk.objects.filter(writer=writer, key__in=touched, level=1).delete()
    recount_keys(run, MetricKey.objects.filter(pk__in=touched))


def recount_keys(run: Run, keys: QuerySet[MetricKey]) -> None:
    """Work out the figures of `keys` again from the chunks that are shown."""
    shown = MetricChunk.objects.filter(key__in=keys, level=0, writer__part__gte=run.first_part)
    sums = {
        row["key"]: row
        for row in shown.order_by().values("key").annotate(total=Sum("n"), low=Min("vmin"), high=Max("vmax"))
    }
    newest = {
        chunk.key_id: chunk
        for chunk in shown.filter(vmin__isnull=False).order_by("key", "-writer__part", "-line0").distinct("key")
    }
    rows = list(keys)
    for key in rows:
        row = sums.get(key.pk)
        key.n, key.low, key.high = (row["total"], row["low"], row["high"]) if row else (0, None, None)
        key.last = _last_finite(newest[key.pk]) if key.pk in newest else None
    MetricKey.objects.bulk_update(rows, ["n", "low", "high", "last"])


def _last_finite(chunk: MetricChunk) -> float | None:
    values = points_of(chunk).values
    return next((value for value in reversed(values) if isinstance(value, float) and isfinite(value)), None)
