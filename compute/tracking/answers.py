"""Answers that the pages and the API give alike: curves as columns, bytes of files, strict JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import FileResponse, HttpResponse, QueryDict
from django.http.response import HttpResponseBase

from compute.tracking.enums import Stream
from compute.tracking.models import MetricKey, Run, RunFile
from compute.tracking.queries.series import Span, keys_shown, lines_held, series, shown_writers
from compute.tracking.records import flatten
from institute.core.errors import Refused
from institute.core.storage import store

MOST_KEYS = 200
MOST_BUCKETS = 10_000
MAX_WHOLE = 2**53


def _whole(query: QueryDict, name: str, *, least: int = 0, most: int = MAX_WHOLE) -> int | None:
    text = query.get(name)
    if text is None or text == "":
        return None
    if not text.isdecimal() or not least <= int(text) <= most:
        raise Refused(f"{name} is a whole number from {least} to {most}.", field=name)
    return int(text)


def public_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a config or summary says under flat names, by name; the SDK's own entries left out."""
    return {name: value for name, value in sorted(flatten(values)) if not name.startswith("_")}


def hardware_of(run: Run) -> dict[str, Any]:
    """The machine's kind: never its name, folders or people."""
    facts: Mapping[str, Any] = {}
    for found in (run.config.get("_wandb") or {}).get("e", {}).values():
        facts = found
    return {name: facts[name] for name in ("gpu", "gpu_count", "cpu_count", "python", "os") if name in facts}


def series_body(run: Run, query: QueryDict, *, among: Sequence[MetricKey] | None = None) -> Mapping[str, Any]:
    """`keys` (repeated, or with commas; all without), `from` and `to` (steps, both included), `after_line`, `buckets`.

    Answers `{"series": {name: {"kind", "steps", "values"[, "low", "high"]}}, "line": cursor, "status"}`; a request
    with `after_line=<cursor>` brings what came since. `among`: the keys that the reader may know of, if not all.
    Raises Refused for what is no number.
    """
    wanted = {name for text in query.getlist("keys") for name in (text, *text.split(",")) if name}
    stream = Stream.EVENTS if query.get("stream") == Stream.EVENTS else Stream.HISTORY
    known = keys_shown(run, stream) if among is None else [key for key in among if key.stream == stream]
    keys = [key for key in known if not wanted or key.name in wanted][:MOST_KEYS]
    last = _whole(query, "to")
    span = Span(_whole(query, "from") or 0, last, _whole(query, "after_line") or 0)
    writers = shown_writers(run)
    found = series(run, keys, span=span, buckets=_whole(query, "buckets", least=2, most=MOST_BUCKETS), writers=writers)
    curves = {curve.name: curve.as_json() for curve in found}
    return {"series": curves, "line": lines_held(writers), "status": run.status}


def file_answer(file: RunFile) -> HttpResponseBase:
    """The bytes as a download that no browser runs: uploaded HTML and SVG may hold scripts."""
    response = FileResponse(
        store().open(file.storage_key),
        as_attachment=True,
        filename=file.path.rpartition("/")[2],
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response._csp_replace = {"default-src": ["'none'"], "sandbox": True}  # type: ignore[attr-defined]
    return response


def json_answer(body: Any, status: int = 200, **headers: str) -> HttpResponse:
    """Strict JSON: a number beyond JSON in it is a fault of ours, never sent."""
    text = json.dumps(body, allow_nan=False, separators=(",", ":"))
    return HttpResponse(text, status=status, content_type="application/json", headers=headers)
