"""Finds pickles, however they are named or wrapped: loading one runs what it says.

Not a verdict on what a pickle does: in this catalogue none is published. A file counts as one if it starts like
a pickle of protocol 2 or later, if it parses as an older one that imports or calls, or if an archive or a
compressed file holds one.
"""

import bz2
import gzip
import io
import lzma
import pickletools
import tarfile
import zipfile
import zlib
from typing import BinaryIO

SCANNER = "pickles"
VERSION = 1

SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill", ".pyc")
CALLING = frozenset({"GLOBAL", "INST", "OBJ", "REDUCE", "BUILD", "NEWOBJ", "NEWOBJ_EX", "STACK_GLOBAL", "EXT1"})
MAX_DEPTH = 3
MAX_MEMBERS = 10_000
OLD_PICKLE_BYTES = 1024 * 1024
UNPACKED_BYTES = 64 * 1024 * 1024


class TooDeep(Exception):
    """An archive in an archive in an archive, or one with too many members: it is not read, so not clean."""


def find_pickle(file: BinaryIO, depth: int = 0) -> str:
    """What makes the file a pickle ("a pickle", "weights.zip/data.pkl: a pickle"), "" if nothing does.

    Raises TooDeep for archives that are not read to their end.
    """
    file.seek(0)
    head = file.read(512)
    file.seek(0)
    if head[:1] == b"\x80" and len(head) > 1 and 2 <= head[1] <= 5 and b"." in _tail(file):
        return "a pickle"
    if head.startswith(b"PK\x03\x04") or zipfile.is_zipfile(file):
        return _in_zip(file, depth)
    if head[257:262] == b"ustar":
        return _in_tar(file, depth)
    if opened := _decompressed(head, file):
        return _inside("compressed", opened, depth)
    if head.startswith(b"\x93NUMPY"):
        return "a NumPy array of objects" if b"'|O'" in head or b"'O'" in head else ""
    return "a pickle of protocol 0 or 1" if _is_old_pickle(file) else ""


def _tail(file: BinaryIO) -> bytes:
    file.seek(0, io.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - 64))
    tail = file.read(64)
    file.seek(0)
    return tail


def _inside(name: str, file: BinaryIO, depth: int) -> str:
    if depth >= MAX_DEPTH:
        raise TooDeep(name)
    found = find_pickle(file, depth + 1)
    return f"{name}: {found}" if found else ""


def _in_zip(file: BinaryIO, depth: int) -> str:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) > MAX_MEMBERS:
                raise TooDeep("members")
            for info in members:
                if info.filename.lower().endswith(SUFFIXES[:2]):
                    return f"{info.filename}: a pickle by its name"
                with archive.open(info) as member:
                    if found := _inside(info.filename, io.BytesIO(member.read(UNPACKED_BYTES)), depth):
                        return found
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError, OSError) as error:
        raise TooDeep(f"a damaged or encrypted archive: {error}") from None
    return ""


def _in_tar(file: BinaryIO, depth: int) -> str:
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for number, info in enumerate(archive):
                if number >= MAX_MEMBERS:
                    raise TooDeep("members")
                member = archive.extractfile(info) if info.isfile() else None
                if member and (found := _inside(info.name, io.BytesIO(member.read(UNPACKED_BYTES)), depth)):
                    return found
    except tarfile.TarError as error:
        raise TooDeep(f"a damaged archive: {error}") from None
    return ""


def _decompressed(head: bytes, file: BinaryIO) -> BinaryIO | None:
    """The start of what a compressed file holds."""
    file.seek(0)
    try:
        if head.startswith(b"\x1f\x8b"):
            return io.BytesIO(gzip.GzipFile(fileobj=file).read(UNPACKED_BYTES))
        if head.startswith(b"BZh"):
            return io.BytesIO(bz2.BZ2File(file).read(UNPACKED_BYTES))
        if head.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
            return io.BytesIO(lzma.LZMAFile(file).read(UNPACKED_BYTES))
        if head[:2] in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
            return io.BytesIO(zlib.decompressobj().decompress(file.read(UNPACKED_BYTES), UNPACKED_BYTES))
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        return None
    return None


def _is_old_pickle(file: BinaryIO) -> bool:
    """Whether the text parses to its STOP as a pickle that imports or calls something."""
    file.seek(0)
    names: set[str] = set()
    try:
        for opcode, _argument, _position in pickletools.genops(io.BytesIO(file.read(OLD_PICKLE_BYTES))):
            names.add(opcode.name)
    except (ValueError, KeyError, IndexError, UnicodeDecodeError, OverflowError, AttributeError):
        return False
    return bool(names & CALLING)
