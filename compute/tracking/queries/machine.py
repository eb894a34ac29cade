"""What the machine said while it trained: utilisation, and energy with how much of the time it covers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from compute.tracking.enums import Stream
from compute.tracking.models import MetricChunk, Run
from compute.tracking.queries.points import Row, rows_of
from compute.tracking.records import TIME

GAP_S = 60.0
POWER = re.compile(r"system\.gpu\.(\d+)\.powerWatts")
BUSY = re.compile(r"system\.(?:gpu\.\d+\.gpu|tpu\.\d+\.dutyCycle)")
PROCESSOR = re.compile(r"system\.(?:cpu|proc\.cpu\.threads)")


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules measured over `covered_s` of `total_s` seconds of device time."""

    joules: int
    covered_s: float
    total_s: float

    @property
    def coverage_percent(self) -> float:
        """How much of the time between the first and the last sample was measured."""
        return 100.0 * self.covered_s / self.total_s if self.total_s else 0.0


@dataclass(frozen=True, slots=True)
class MachineCurve:
    """One system metric over time: (seconds since the run's first sample, value)."""

    name: str
    points: Sequence[tuple[float, float]]

    @property
    def mean(self) -> float:
        """The plain mean of the samples."""
        return sum(value for _, value in self.points) / len(self.points)


def machine_rows(run: Run, names: Sequence[str]) -> list[list[Row]]:
    """The lines of system metrics, by part, with only the named values and their time."""
    chunks = (
        MetricChunk.objects.filter(
            run=run, key__stream=Stream.EVENTS, key__name__in=[*names, TIME], level=0, writer__part__gte=run.first_part
        )
        .select_related("key")
        .order_by("writer__part", "line0")
    )
    by_writer: dict[int, list[MetricChunk]] = {}
    for chunk in chunks:
        by_writer.setdefault(chunk.writer_id, []).append(chunk)
    return [[row for _, row in sorted(rows_of(some).items())] for some in by_writer.values()]


def machine_curves(parts: Sequence[Sequence[Row]], names: Sequence[str]) -> list[MachineCurve]:
    """The named system metrics over time; those without a sample are left out."""
    rows = [row for some in parts for row in some if isinstance(row.record.get(TIME), float)]
    if not rows:
        return []
    rows.sort(key=lambda row: float(row.record[TIME]))
    start = float(rows[0].record[TIME])
    found = []
    for name in names:
        points = [
            (float(row.record[TIME]) - start, value) for row in rows if isinstance(value := row.record.get(name), float)
        ]
        if points:
            found.append(MachineCurve(name, points))
    return found


def energy(parts: Sequence[Sequence[Row]], names: Sequence[str]) -> Energy | None:
    """Trapezoids of every device's power over time; gaps of more than a minute are not bridged.

    `names` are keys of power in watts. None when there are fewer than two samples.
    """
    joules = covered = total = 0.0
    for rows in parts:
        for name in names:
            samples = [
                (float(row.record[TIME]), float(row.record[name]))
                for row in rows
                if name in row.record and isinstance(row.record.get(TIME), float)
            ]
            for (t0, p0), (t1, p1) in pairwise(samples):
                total += max(0.0, t1 - t0)
                if 0 < t1 - t0 <= GAP_S:
                    joules += (p0 + p1) / 2 * (t1 - t0)
                    covered += t1 - t0
    return Energy(round(joules), covered, total) if total else None
