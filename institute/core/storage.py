"""The object store: bytes by key. Each app writes and deletes only under its own prefix
(documents/ jobs/ runs/ collaborations/ blobs/)."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from institute.core.errors import Refused
from institute.core.ids import new_ulid

CHUNK = 1024 * 1024
KEY_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*")


class TooLarge(Refused):
    """The body is longer than its limit."""

    status = 413
    slug = "too-large"


class WrongHash(Refused):
    """The bytes are not those that were announced."""

    slug = "wrong-hash"


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: the key, its length in bytes and its SHA-256 as hex."""

    key: str
    size: int
    sha256: str


class ObjectStore(Protocol):
    """Bytes by key; a key is written whole or not at all."""

    def write(
        self, key: str, chunks: Iterable[bytes], *, max_bytes: int | None = None, sha256: str | None = None
    ) -> Stored:
        """Write a key from chunks. Raises TooLarge, or WrongHash if `sha256` is given and differs."""

    def open(self, key: str) -> BinaryIO:
        """A seekable reader; FileNotFoundError if there is no such key."""

    def size(self, key: str) -> int | None:
        """Length in bytes, None if there is no such key."""

    def copy(self, source: str, target: str) -> None:
        """Copy a key inside the store, whole or not at all."""

    def delete(self, key: str) -> None:
        """Remove a key; no error if it is gone already."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key below a prefix."""


class DiskStore:
    """An object store in a folder: temporary file, fsync, rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Where a key lies. ValueError for a key that is not of the permitted form."""
        if not KEY_FORM.fullmatch(key):
            raise ValueError(f"not a key of the object store: {key!r}")
        return self.root / key

    def write(
        self, key: str, chunks: Iterable[bytes], *, max_bytes: int | None = None, sha256: str | None = None
    ) -> Stored:
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{new_ulid()}.part")
        digest, size = hashlib.sha256(), 0
        try:
            with partial.open("wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    if max_bytes is not None and size > max_bytes:
                        raise TooLarge(f"The body is longer than {max_bytes} bytes.")
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if sha256 is not None and digest.hexdigest() != sha256:
                raise WrongHash(f"Expected SHA-256 {sha256}, received {digest.hexdigest()}.", way_out="Send it again.")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return Stored(key, size, digest.hexdigest())

    def open(self, key: str) -> BinaryIO:
        return self.path(key).open("rb")

    def size(self, key: str) -> int | None:
        try:
            return self.path(key).stat().st_size
        except FileNotFoundError:
            return None

    def copy(self, source: str, target: str) -> None:
        path = self.path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{new_ulid()}.part")
        try:
            with self.open(source) as reader, partial.open("wb") as writer:
                shutil.copyfileobj(reader, writer, CHUNK)
                writer.flush()
                os.fsync(writer.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[str]:
        base = self.path(prefix.rstrip("/"))
        for path in sorted(base.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(self.root).as_posix()


def read_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The rest of `file` in chunks of 1 MiB."""
    while chunk := file.read(CHUNK):
        yield chunk


@cache
def store_at(url: str) -> ObjectStore:
    """The store for a STORAGE_URL."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise ImproperlyConfigured("STORAGE_URL: only file:///folder is built so far.")
    return DiskStore(Path(unquote(parts.path)))


def store() -> ObjectStore:
    """The platform's object store."""
    return store_at(settings.STORAGE_URL)
