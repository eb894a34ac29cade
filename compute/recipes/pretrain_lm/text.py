"""The text a model learns from, and the part held out to measure it.

Everything here is a function of the inputs and their files: the reload gate builds the same
held-out text again in its own process.
"""

from __future__ import annotations

import random
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute.recipes.pretrain_lm.recipe import BUILT_IN_TEXT, TEXT_SUFFIXES
from compute.recipes.runtime.disk import sha256_bytes
from compute.recipes.runtime.exits import BadData
from compute.recipes.runtime.job import Job

SHUFFLE_SEED = 0
HELD_OUT_OF = 20
PIECE_BYTES = 16_384
HELD_OUT_LIMIT = 1 << 20
LEAST_BYTES = 20_000
NOT_SOURCE = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Text:
    """Documents, already split. `label` names the source on the card."""

    label: str
    train: tuple[str, ...]
    held_out: tuple[str, ...]

    @property
    def train_bytes(self) -> int:
        return sum(len(document.encode()) for document in self.train)

    @property
    def held_out_bytes(self) -> int:
        return sum(len(document.encode()) for document in self.held_out)

    @property
    def held_out_sha256(self) -> str:
        return sha256_bytes("\0".join(self.held_out).encode())

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "train_bytes": self.train_bytes,
            "held_out_bytes": self.held_out_bytes,
            "held_out_sha256": self.held_out_sha256,
        }


def read_text(job: Job) -> Text:
    """Read and split the job's text. Raises BadData (65) when there is too little of it."""
    if job.inputs["source"] == BUILT_IN_TEXT:
        label, documents = "the source code of Python's standard library", list(standard_library())
    else:
        label, documents = f"the data set {job.inputs['dataset']}", uploaded(job)
    return split(label, documents, int(job.inputs["max_text_kib"]) << 10)


def standard_library() -> Iterator[str]:
    """The sources of the interpreter's own library, without tests, in order of their paths."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if NOT_SOURCE.isdisjoint(path.relative_to(root).parts):
            try:
                document = path.read_bytes().decode()
            except UnicodeDecodeError:
                continue  # a few files are there to be in other encodings
            if document.strip():
                yield document


def uploaded(job: Job) -> list[str]:
    """The text files given as inputs, in order of their names."""
    documents = []
    for file in sorted(job.files_of("dataset"), key=lambda file: file.name):
        if not file.name.lower().endswith(TEXT_SUFFIXES):
            continue
        try:
            document = file.path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            raise BadData(
                "dataset", f"“{file.name}” is not UTF-8 text ({problem}).", "Convert it to UTF-8 and upload it again."
            ) from problem
        if document.strip():
            documents.append(document)
    return documents


def split(label: str, documents: list[str], limit: int) -> Text:
    """Shuffle, cut to `limit` bytes, hold out every twentieth document."""
    if len(documents) < HELD_OUT_OF:
        documents = [piece for document in documents for piece in pieces(document)]
    random.Random(SHUFFLE_SEED).shuffle(documents)
    used: list[str] = []
    size = 0
    for document in documents:
        size += len(document.encode())
        if used and size > limit:
            break
        used.append(document)
    size = sum(len(document.encode()) for document in used)
    if size < LEAST_BYTES or len(used) < 2:
        raise BadData(
            "dataset",
            f"There are {size} bytes of text; training and measuring need {LEAST_BYTES}.",
            "Choose a data set with more text.",
        )
    count = max(1, len(used) // HELD_OUT_OF)
    return Text(label, tuple(used[count:]), tuple(_capped(used[:count])))


def pieces(document: str) -> Iterator[str]:
    """Cut one long document at line ends, so that a part of it can be held out."""
    piece: list[str] = []
    size = 0
    for line in document.splitlines(keepends=True):
        piece.append(line)
        size += len(line.encode())
        if size >= PIECE_BYTES:
            yield "".join(piece)
            piece, size = [], 0
    if piece:
        yield "".join(piece)


def _capped(documents: list[str]) -> list[str]:
    """Measuring needs no more than a mebibyte."""
    kept: list[str] = []
    size = 0
    for document in documents:
        size += len(document.encode())
        if kept and size > HELD_OUT_LIMIT:
            break
        kept.append(document)
    return kept
