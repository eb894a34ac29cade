"""The body of a `file_stream` post, read strictly in its form and leniently in its content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compute.tracking.records import parse_line

HISTORY, EVENTS, SUMMARY = "wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json"
MAX_OFFSET = 2**40


class BadPost(ValueError):
    """The body is not what the protocol says."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Consecutive lines, the first of which has the number `offset`."""

    offset: int
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """One post of one process."""

    history: Lines | None = None
    events: Lines | None = None
    output: Lines | None = None
    label: str = ""
    summary: Mapping[str, Any] | None = None
    uploaded: tuple[str, ...] = ()
    is_preempting: bool = False
    is_complete: bool = False
    exit_code: int | None = None
    unknown: tuple[str, ...] = field(default=())

    @property
    def has_lines(self) -> bool:
        """It carries lines, and is no mere sign of life."""
        return any(lines is not None and lines.content for lines in (self.history, self.events, self.output))


def _lines(name: str, chunk: Any) -> Lines:
    if not isinstance(chunk, Mapping):
        raise BadPost(f"files.{name}: an object with offset and content is expected")
    offset, content = chunk.get("offset", 0), chunk.get("content", [])
    if isinstance(offset, bool) or not isinstance(offset, int) or not 0 <= offset <= MAX_OFFSET:
        raise BadPost(f"files.{name}.offset: a line number from 0 on is expected")
    if not isinstance(content, list) or not all(isinstance(line, str) for line in content):
        raise BadPost(f"files.{name}.content: a list of texts is expected")
    return Lines(offset, tuple(content))


def _exit_code(value: Any) -> int | None:
    is_code = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    return value if is_code else None


def parse_post(body: Any) -> Post:
    """The post in a parsed body. Raises BadPost; unknown file names are kept by name and otherwise ignored."""
    if not isinstance(body, Mapping):
        raise BadPost("a JSON object is expected")
    files = {} if body.get("files") is None else body["files"]
    uploaded = [] if body.get("uploaded") is None else body["uploaded"]
    if not isinstance(files, Mapping) or not isinstance(uploaded, list):
        raise BadPost("files is an object, uploaded a list")
    found: dict[str, Any] = {}
    unknown = []
    for name, chunk in files.items():
        if name == HISTORY:
            found["history"] = _lines(name, chunk)
        elif name == EVENTS:
            found["events"] = _lines(name, chunk)
        elif name == SUMMARY:
            lines = _lines(name, chunk)
            found["summary"] = parse_line(lines.content[-1]) if lines.content else None
        elif name.startswith("output") and name.endswith(".log"):
            found["output"] = _lines(name, chunk)
            found["label"] = name.removeprefix("output").removesuffix(".log").removeprefix("_")[:128]
        else:
            unknown.append(name)
    return Post(
        **found,
        uploaded=tuple(path for path in uploaded if isinstance(path, str)),
        is_preempting=bool(body.get("preempting")),
        is_complete=bool(body.get("complete")),
        exit_code=_exit_code(body.get("exitcode")),
        unknown=tuple(unknown),
    )
