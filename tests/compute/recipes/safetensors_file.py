"""Reading and writing safetensors with the standard library, to break artefacts on purpose."""

from __future__ import annotations

import json
import struct
from array import array
from pathlib import Path
from typing import Any

Tensors = dict[str, tuple[list[int], bytes]]


def read(path: Path) -> Tensors:
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header: dict[str, Any] = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    body = raw[8 + length :]
    return {name: (entry["shape"], body[slice(*entry["data_offsets"])]) for name, entry in header.items()}


def write(path: Path, tensors: Tensors) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, (shape, content) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(content)]}
        offset += len(content)
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    body = b"".join(content for _, content in tensors.values())
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + body)


def scaled(content: bytes, factor: float) -> bytes:
    numbers = array("f")
    numbers.frombytes(content)
    return array("f", [factor * number for number in numbers]).tobytes()
