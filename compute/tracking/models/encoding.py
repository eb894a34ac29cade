"""The bytes of a chunk: little-endian int64 and float64, or a JSON list.

Whole numbers in equal distances are not written at all: their ends and their count say everything.
"""

import json
import math
import sys
from array import array
from collections.abc import Iterable, Sequence

_IS_BIG_ENDIAN = sys.byteorder == "big"


def _bytes_of(values: "array[int] | array[float]") -> bytes:
    if _IS_BIG_ENDIAN:
        values.byteswap()
    return values.tobytes()


def pack_integers(values: Sequence[int]) -> bytes | None:
    """The int64 of `values`; None when they lie in equal distances."""
    n = len(values)
    if n < 3:
        return None
    stride, rest = divmod(values[-1] - values[0], n - 1)
    if rest == 0:
        expected = range(values[0], values[-1] + stride, stride) if stride else [values[0]] * n
        if len(expected) == n and all(map(int.__eq__, values, expected)):
            return None
    return _bytes_of(array("q", values))


def unpack_integers(data: bytes | memoryview | None, first: int, last: int, n: int) -> Sequence[int]:
    """What `pack_integers` was given: a range where the values lie in equal distances."""
    if data is not None:
        values = array("q", bytes(data))
        if _IS_BIG_ENDIAN:
            values.byteswap()
        return values
    if n == 1:
        return range(first, first + 1)
    stride = (last - first) // (n - 1)
    return range(first, last + (1 if stride > 0 else -1), stride) if stride else [first] * n


def pack_floats(values: Iterable[float]) -> bytes:
    """The float64 of `values`; not-a-number and infinities included."""
    return _bytes_of(array("d", values))


def unpack_floats(data: bytes | memoryview) -> "array[float]":
    """What `pack_floats` was given."""
    values = array("d", bytes(data))
    if _IS_BIG_ENDIAN:
        values.byteswap()
    return values


def pack_objects(texts: Sequence[str]) -> bytes:
    """A JSON list of texts, each the JSON of one value."""
    return json.dumps(texts, ensure_ascii=False).encode()


def unpack_objects(data: bytes | memoryview) -> list[str]:
    """What `pack_objects` was given."""
    texts: list[str] = json.loads(bytes(data))
    return texts


def extremes(values: Iterable[float]) -> tuple[float | None, float | None]:
    """The least and the greatest finite value; None for both when there is none."""
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (None, None)
