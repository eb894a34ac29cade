"""How much the intake takes and how fast a curve comes back: `python -m pytest tests/bench/bench_tracking.py -s`.

Through Django's whole stack (parsing, authentication, transaction), without a network. Fails on counts only.
"""

import json
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compute.tracking.actions.compaction import compact_run
from compute.tracking.models import MetricChunk, MetricKey, Run
from compute.tracking.queries.series import series
from tests.compute.tracking.sdk import Sdk
from tests.factories.tracking import begun, history, job_key, run_of_new_job

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
METRICS, LINES, POSTS = 10, 1_000, 20


def body(first: int) -> bytes:
    """A post of 1,000 lines with 10 metrics each, as the SDK writes them."""
    lines = []
    for step in range(first, first + LINES):
        metrics = {f"m{k}": (step * 31 + k) % 97 / 7 for k in range(METRICS - 2)}
        lines.append(json.dumps({**metrics, "_step": step, "_runtime": step / 3, "_timestamp": 1.79e9 + step}))
    return json.dumps(history(lines, offset=first)).encode()


def test_intake_in_points_per_second() -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job))
    names = (run.run_project.project.handle, run.run_project.name, run.name)
    bodies = [body(first) for first in range(0, LINES * POSTS, LINES)]
    wall, cpu = time.perf_counter(), time.process_time()
    with CaptureQueriesContext(connection) as queries:
        for data in bodies:
            assert sdk.stream(*names, data).status_code == 200
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    points = METRICS * LINES * POSTS
    print(
        f"\nintake: {points / wall:,.0f} points/s (target 50,000; MLflow 6,700),"
        f" {cpu / points * 1e6:.1f} CPU s per 1 M points (target 10; MLflow 143),"
        f" {len(queries) / POSTS:.1f} SQL a post"
    )
    assert len(queries) / POSTS <= 25
    assert MetricChunk.objects.filter(run=run).count() == METRICS * POSTS


def test_curve_of_100_000_points_in_milliseconds() -> None:
    run = begun(run_of_new_job())
    sdk = Sdk(job_key(run.job))
    names = (run.run_project.project.handle, run.run_project.name, run.name)
    for first in range(0, 100_000, LINES):
        lines = [f'{{"loss": {step % 89 / 7}, "_step": {step}}}' for step in range(first, first + LINES)]
        assert sdk.stream(*names, history(lines, offset=first)).status_code == 200
    assert sdk.stream(*names, history(['{"loss": 1.5, "_step": 100000}'], offset=100_000)).status_code == 200
    for label in ("as it came", "compacted"):
        for buckets in (None, 1_000, 100):
            print(f"100,000 points {label}, buckets {buckets or 'none'}: {milliseconds(run, buckets):.1f} ms to JSON")
        compact_run(run=Run.objects.get(pk=run.pk))


def milliseconds(run: Run, buckets: int | None) -> float:
    """The best of five."""
    key = MetricKey.objects.get(run=run, name="loss")
    found = []
    for _ in range(5):
        began = time.perf_counter()
        text = json.dumps(series(run, [key], buckets=buckets)[0].as_json())
        found.append(time.perf_counter() - began)
    assert text
    return min(found) * 1000
