"""From the SDK's lines to records: flat names, plain numbers, or the JSON of an object."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from compute.tracking.enums import ValueKind
from compute.tracking.redaction import clean, storable

MAX_KEYS = 10_000
MAX_NAME = 1_000
MAX_VALUE = 1_000_000
MAX_EXACT = 2**53
MAX_STEP = 2**53
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
STEP, WRITER_STEP, TIME = "_step", "_writer_step", "_timestamp"

Value = float | int | bool | str
"""A number, or the canonical JSON of anything else."""
Record = dict[str, Value]


def parse_line(line: str) -> dict[str, Any]:
    """A line's JSON object; {} for anything else, so that the lines after it keep their numbers."""
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def flatten(parsed: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(name, value) pairs; dicts become dotted names unless they carry a `_type`."""
    for name, value in parsed.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value and "_type" not in value and path != "_wandb":
            yield from flatten(value, f"{path}.")
        else:
            yield path, value


def record_of(line: str) -> tuple[Record, int]:
    """The line as a record, and how many of its values were beyond the limits and are left out."""
    record: Record = {}
    dropped = 0
    for name, value in flatten(parse_line(line)):
        if value is None or name == "_wandb":
            continue
        if isinstance(value, float) or (isinstance(value, int) and -MAX_EXACT <= value <= MAX_EXACT):
            stored: Value = value
        elif isinstance(value, str) and value in NOT_FINITE:
            stored = NOT_FINITE[value]
        else:
            stored = json.dumps(clean(value), sort_keys=True, ensure_ascii=False, allow_nan=False)
        if len(name) > MAX_NAME or (isinstance(stored, str) and len(stored) > MAX_VALUE):
            dropped += 1
        else:
            record[storable(name)] = stored
    return record, dropped


def kind_of(value: Value) -> ValueKind:
    """What kind of series a first value makes."""
    if isinstance(value, bool):
        return ValueKind.BOOL
    if isinstance(value, str):
        return ValueKind.OBJECT
    return ValueKind.INT if isinstance(value, int) else ValueKind.FLOAT


def take_step(record: Record) -> int | None:
    """Remove the record's `_step` and give it; None where it has none of the right form."""
    step = record.pop(STEP, None)
    if isinstance(step, float) and step.is_integer():
        step = int(step)
    is_step = isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= MAX_STEP
    return step if is_step else None  # type: ignore[return-value]  # just looked at


def is_same(stored: Record, sent: Record) -> bool:
    """Equality as ingest understands it: 1 is 1.0, not-a-number is not-a-number."""
    if stored == sent:
        return True
    if stored.keys() != sent.keys():
        return False
    return all(
        stored[name] == value or (stored[name] != stored[name] and value != value) for name, value in sent.items()
    )


def first_time(line: str) -> str:
    """The time in a line of history or events, by which a part is known again; "" if it has none."""
    moment = parse_line(line).get(TIME)
    return repr(float(moment)) if isinstance(moment, int | float) and not isinstance(moment, bool) else ""


def first_output_time(line: str) -> str:
    """The ISO time at the start of a console line; "" if it has none."""
    word = line.removeprefix("ERROR ").partition(" ")[0]
    return word[:64] if len(word) >= 19 and word[4:5] == "-" and "T" in word else ""
