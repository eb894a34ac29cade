"""Runs, projects and files as the SDK sees them: mappings whose functions are asked only when a query selects them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ulid import ULID

from compute.tracking.api.capabilities import address
from compute.tracking.api.reach import entity_of
from compute.tracking.enums import Stream, ValueKind
from compute.tracking.models import MetricKey, Run, RunFile, RunProject, RunWriter
from compute.tracking.queries.runs import console, files_of, history_lines, line_counts, tail
from compute.tracking.queries.series import keys_shown, lines_held, shown_writers

Arguments = Mapping[str, Any]
MAX_PAGE = 1_000
TYPE_NAMES = {ValueKind.FLOAT: "number", ValueKind.INT: "number", ValueKind.BOOL: "boolean", ValueKind.OBJECT: "string"}


def as_text(value: Any) -> str:
    """JSON inside a JSON string, as the protocol has it."""
    return json.dumps(value, allow_nan=False)


def as_whole(public_id: str) -> str:
    """A public id as the whole number that some clients insist on."""
    return str(int(ULID.from_str(public_id)))


def connection(nodes: Sequence[Any], *, end: str | None = None, has_more: bool = False) -> dict[str, Any]:
    """A page of nodes."""
    return {
        "edges": [{"node": node, "cursor": str(i)} for i, node in enumerate(nodes)],
        "pageInfo": {"endCursor": end, "hasNextPage": has_more},
        "totalCount": len(nodes),
    }


def page_of(arguments: Arguments) -> tuple[int, int]:
    """(offset, size) of a page asked for by `after` and `first`."""
    after, first = arguments.get("after"), arguments.get("first")
    offset = int(after) if isinstance(after, str) and after.isdecimal() else 0
    size = first if isinstance(first, int) and 0 < first <= MAX_PAGE else 50
    return offset, size


def project_node(run_project: RunProject) -> dict[str, Any]:
    """A run project without its runs."""
    entity = entity_of(run_project)
    return {
        "__typename": "Project",
        "id": run_project.public_id,
        "internalId": as_whole(run_project.public_id),
        "name": run_project.name,
        "entityName": entity,
        "entity": {"__typename": "Entity", "id": entity, "name": entity},
        "createdAt": run_project.created_at.isoformat(),
        "readOnly": False,
        "isBenchmark": False,
    }


def file_node(request: HttpRequest, file: RunFile) -> dict[str, Any]:
    """A file with its signed addresses."""

    def fetch(arguments: Arguments) -> str:
        return address(request, file, "PUT" if arguments.get("upload") else "GET")

    return {
        "__typename": "File",
        "id": file.public_id,
        "name": file.path,
        "url": fetch,
        "directUrl": fetch,
        "uploadUrl": lambda _: address(request, file, "PUT"),
        "sizeBytes": str(file.size or 0),
        "md5": file.md5,
        "digest": file.md5,
        "mimetype": "application/octet-stream",
        "updatedAt": (file.uploaded_at or file.created_at).isoformat(),
        "state": "UPLOADED" if file.storage_key else "PENDING",
    }


class RunNode:
    """Answers the fields of a run; what is read more than once is read once."""

    def __init__(self, request: HttpRequest, run: Run) -> None:
        self.request = request
        self.run = run
        self._writers: list[RunWriter] | None = None

    @property
    def writers(self) -> list[RunWriter]:
        """The parts shown."""
        if self._writers is None:
            self._writers = shown_writers(self.run)
        return self._writers

    def fields(self) -> dict[str, Any]:
        """Every field by its name."""
        run = self.run
        return {
            "__typename": "Run",
            "id": run.public_id,
            "internalId": as_whole(run.public_id),
            "projectId": as_whole(run.run_project.public_id),
            "name": run.name,
            "displayName": str(run),
            "description": run.notes,
            "notes": run.notes,
            "state": run.state_for_sdk,
            "group": run.group,
            "groupName": run.group,
            "jobType": run.job_type,
            "tags": run.tags,
            "commit": None,
            "sweepName": None,
            "readOnly": False,
            "stopped": run.stop_requested_at is not None,
            "createdAt": (run.started_at or run.created_at).isoformat(),
            "heartbeatAt": (run.heartbeat_at or run.created_at).isoformat(),
            "project": lambda _: project_node(run.run_project),
            "user": {"__typename": "User", "name": "", "username": ""},
            "config": lambda _: self.config(),
            "summaryMetrics": lambda _: as_text(run.summary),
            "systemMetrics": lambda _: as_text(self.last_of(Stream.EVENTS)),
            "wandbConfig": lambda _: as_text({"t": 1} if run.started_at else {}),
            **self._lines(),
            **self._files(),
        }

    def _lines(self) -> dict[str, Callable[[Arguments], Any]]:
        return {
            "historyLineCount": lambda _: lines_held(self.writers),
            "eventsLineCount": lambda _: line_counts(self.writers)["events"],
            "logLineCount": lambda _: line_counts(self.writers)["output"],
            "historyTail": lambda _: self.tail(Stream.HISTORY),
            "eventsTail": lambda _: self.tail(Stream.EVENTS),
            "historyKeys": lambda _: self.history_keys(),
            "history": self.history,
            "sampledHistory": self.sampled_history,
            "parquetHistory": lambda _: self.parquet_history(),
            "logLines": self.log_lines,
        }

    def _files(self) -> dict[str, Callable[[Arguments], Any]]:
        return {
            "fileCount": lambda _: files_of(self.run).count(),
            "files": self.files,
        }

    def config(self) -> str:
        """The config in the SDK's form."""
        return as_text({name: {"value": value} for name, value in self.run.config.items()})

    def last_of(self, stream: Stream) -> dict[str, object]:
        """The last line of a stream."""
        lines = tail(self.run, stream)
        return lines[-1] if lines else {}

    def tail(self, stream: Stream) -> str:
        """The last line as the SDK wants it: a JSON list of JSON texts. Its `_step` is the run's own."""
        lines = tail(self.run, stream)
        if lines and stream == Stream.HISTORY:
            lines[-1]["_step"] = max(0, self.run.next_step - 1)
        return as_text([as_text(line) for line in lines])

    def history_keys(self) -> dict[str, Any]:
        """Which metrics there are, of which type and how many."""
        keys = keys_shown(self.run, Stream.HISTORY)
        return {
            "sets": [],
            "keys": {key.name: _key_facts(key) for key in keys},
            "lastStep": max(0, self.run.next_step - 1),
        }

    def history(self, arguments: Arguments) -> list[str]:
        """Lines from minStep up to but without maxStep; `samples` of them at most."""
        first = _whole(arguments.get("minStep")) or 0
        last = _whole(arguments.get("maxStep"))
        lines = history_lines(self.run, first=first, last=last)
        samples = _whole(arguments.get("samples"))
        return [as_text(line) for line in _thinned(lines, samples)]

    def sampled_history(self, arguments: Arguments) -> list[list[dict[str, object]]]:
        """For each spec the lines that hold all its keys; `maxStep` is included here."""
        specs = [_spec(spec) for spec in arguments.get("specs") or []]
        return [self._sampled(spec) for spec in specs]

    def _sampled(self, spec: Mapping[str, Any]) -> list[dict[str, object]]:
        last = _whole(spec.get("maxStep"))
        keys = [key for key in spec.get("keys", []) if isinstance(key, str)]
        lines = history_lines(
            self.run, first=_whole(spec.get("minStep")) or 0, last=None if last is None else last + 1, keys=keys or None
        )
        return _thinned(lines, _whole(spec.get("samples")))

    def parquet_history(self) -> dict[str, Any]:
        """No exports in files: everything is live, from the first step on."""
        first = history_lines(self.run, first=0, last=1) or history_lines(self.run, first=0)[:1]
        return {"parquetUrls": [], "liveData": [{"_step": line["_step"]} for line in first]}

    def files(self, arguments: Arguments) -> dict[str, Any]:
        """Files that have arrived; those named, or all."""
        files = files_of(self.run)
        names = arguments.get("names")
        if isinstance(names, list) and names:
            files = files.filter(path__in=names)
        offset, size = page_of(arguments)
        found = list(files[offset : offset + size + 1])
        end = str(offset + size) if len(found) > size else None
        nodes = [file_node(self.request, file) for file in found[:size]]
        return connection(nodes, end=end, has_more=end is not None)

    def log_lines(self, arguments: Arguments) -> dict[str, Any]:
        """Console lines."""
        offset, size = page_of(arguments)
        found = console(self.run, after=offset, limit=size + 1)
        end = str(offset + size) if len(found) > size else None
        return connection([_log_node(number, text) for number, text in found[:size]], end=end, has_more=end is not None)


def _log_node(number: int, text: str) -> dict[str, Any]:
    level, rest = ("error", text.removeprefix("ERROR ")) if text.startswith("ERROR ") else ("", text)
    moment, _, line = rest.partition(" ")
    return {
        "number": number,
        "timestamp": moment or timezone.now().isoformat(),
        "level": level,
        "label": "",
        "line": line,
    }


def _key_facts(key: MetricKey) -> dict[str, Any]:
    counts = [{"type": TYPE_NAMES[ValueKind(key.kind)], "count": key.n}]
    return {"typeCounts": counts, "monotonic": False, "previousValue": key.last}


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value == value else None


def _spec(text: Any) -> Mapping[str, Any]:
    try:
        spec = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        spec = {}
    return spec if isinstance(spec, Mapping) else {}


def _thinned(lines: list[dict[str, object]], samples: int | None) -> list[dict[str, object]]:
    """At most `samples` lines, evenly over the range, the first and the last among them."""
    if samples is None or len(lines) <= samples or samples < 2:
        return lines
    return [lines[i * (len(lines) - 1) // (samples - 1)] for i in range(samples)]
