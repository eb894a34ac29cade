"""A run in pictures: on its own page, on its job's page, and wherever a later app wants its curve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from compute.jobs.models import Job
from compute.tracking.enums import Stream, ValueKind
from compute.tracking.models import MetricKey, Run, RunWriter
from compute.tracking.queries.machine import (
    BUSY,
    POWER,
    PROCESSOR,
    Energy,
    MachineCurve,
    energy,
    machine_curves,
    machine_rows,
)
from compute.tracking.queries.runs import run_of_job
from compute.tracking.queries.series import Series, keys_shown, series
from institute.core.ui.charts import Axis, Curve, Point, line_chart

BUCKETS = 300
MOST_CHARTS = 12
MOST_MACHINE = 4
FIRST = ("loss", "train/loss", "train_loss", "val/loss", "val_loss", "eval/loss")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One metric as a picture."""

    name: str
    chart: SafeString
    last: float | None


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine said."""

    charts: Sequence[Drawn]
    busy_percent: float | None
    energy: Energy | None


def numeric_keys(run: Run) -> list[MetricKey]:
    """The metrics that can be drawn: numbers that the training logged itself, losses first."""
    keys = [key for key in keys_shown(run, Stream.HISTORY) if key.kind != ValueKind.OBJECT and key.name[:1] != "_"]
    return sorted(keys, key=lambda key: (_rank(key.name), key.name))


def _rank(name: str) -> int:
    if name in FIRST:
        return FIRST.index(name)
    return len(FIRST) + ("loss" not in name)


def _curve(found: Series) -> Curve:
    values = [float(value) if isinstance(value, int | float) else float("nan") for value in found.values]
    if found.lows is None or found.highs is None:
        points = [Point(step, value) for step, value in zip(found.steps, values, strict=True)]
    else:
        entries = zip(found.steps, values, found.lows, found.highs, strict=True)
        points = [Point(step, value, low, high) for step, value, low, high in entries]
    return Curve(found.name, points)


def draw(run: Run, keys: Sequence[MetricKey], writers: Sequence[RunWriter] | None = None) -> list[Drawn]:
    """A picture for each key, by step, in one read."""
    axis = Axis(_("step"))
    curves = series(run, keys, buckets=BUCKETS, writers=writers)
    return [
        Drawn(key.name, line_chart([_curve(found)], x_axis=axis, y_axis=Axis(key.name)), key.last)
        for key, found in zip(keys, curves, strict=True)
    ]


def main_chart(run: Run) -> Drawn | None:
    """The one picture of a run: its loss, else its first metric; None before the first point."""
    keys = numeric_keys(run)
    return draw(run, keys[:1])[0] if keys else None


def machine(run: Run) -> Machine:
    """Utilisation over time, its mean, and measured energy where the machine tells its power."""
    names = [key.name for key in keys_shown(run, Stream.EVENTS)]
    busy, power = _matching(BUSY, names), _matching(POWER, names)
    shown = (busy or _matching(PROCESSOR, names))[:MOST_MACHINE]
    parts = machine_rows(run, [*shown, *power]) if shown or power else []
    curves = machine_curves(parts, shown)
    means = [curve.mean for curve in curves if curve.name in busy]
    return Machine(
        charts=[Drawn(curve.name, _over_time(curve), curve.points[-1][1]) for curve in curves],
        busy_percent=sum(means) / len(means) if means else None,
        energy=energy(parts, power),
    )


def _matching(pattern: Any, names: Iterable[str]) -> list[str]:
    return [name for name in names if pattern.fullmatch(name)]


def _over_time(curve: MachineCurve) -> SafeString:
    points = [Point(seconds, value) for seconds, value in curve.points]
    return line_chart([Curve(curve.name, points)], x_axis=Axis(_("seconds")), y_axis=Axis(curve.name))


def job_panel(job: Job, *, request: HttpRequest) -> str:
    """The run on its job's page: the main curve, live through the page's own stream."""
    run = run_of_job(job)
    if run is None:
        return ""
    return render_to_string("tracking/_job_panel.html", {"run": run, "drawn": main_chart(run)}, request=request)
