"""The head of a safetensors file: names, shapes and types of its tensors; never the numbers themselves."""

import json
import math
import struct
from typing import Any, BinaryIO

MAX_HEADER = 25 * 1024 * 1024
WIDTH = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}


class BadTensors(ValueError):
    """The file is no safetensors file; the message says why."""


def read_header(file: BinaryIO, size: int) -> dict[str, Any]:
    """{"parameters", "dtypes", "tensors": {name: shape}, "metadata"} of a file of `size` bytes. Raises BadTensors."""
    file.seek(0)
    prefix = file.read(8)
    if len(prefix) < 8:
        raise BadTensors("the file is shorter than a header")
    (length,) = struct.unpack("<Q", prefix)
    if length > MAX_HEADER or 8 + length > size:
        raise BadTensors("the header is longer than the file or 25 MiB")
    try:
        header = json.loads(file.read(length))
        metadata = header.pop("__metadata__", {})
        tensors = {str(name): _shape(tensor, size - 8 - length) for name, tensor in header.items()}
        dtypes = sorted({str(tensor["dtype"]) for tensor in header.values()})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadTensors(f"the header cannot be read: {error}") from None
    parameters = sum(math.prod(shape) for shape in tensors.values())
    return {"parameters": parameters, "dtypes": dtypes, "tensors": tensors, "metadata": metadata}


def _shape(tensor: Any, data_bytes: int) -> list[int]:
    shape = [int(length) for length in tensor["shape"]]
    start, end = (int(offset) for offset in tensor["data_offsets"])
    wanted = math.prod(shape) * WIDTH.get(tensor["dtype"], 1)
    if min(shape, default=0) < 0 or not 0 <= start <= end <= data_bytes or end - start < wanted:
        raise ValueError("a tensor lies outside the file")
    return shape
