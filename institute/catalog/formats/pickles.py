"""Finds pickles, however they are named or wrapped: loading one runs what it says.

Not a verdict on what a pickle does: in this catalogue none is published. A file counts as one if it starts like
a pickle of protocol 2 or later, if it reads as an older one up to a call, or if an archive or a
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
CALLING = frozenset({"INST", "OBJ", "REDUCE", "BUILD", "NEWOBJ", "NEWOBJ_EX", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"})
MAX_DEPTH = 3
MAX_MEMBERS = 10_000
MOST_OPCODES = 100_000
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
    if head[:1] == b"\x80" and _is_pickle(file, is_modern=True):
        return "a pickle"
    if head.startswith(b"PK\x03\x04") or zipfile.is_zipfile(file):
        return _in_zip(file, depth)
    if head[257:262] == b"ustar":
        return _in_tar(file, depth)
    if opened := _decompressed(head, file):
        return _inside("compressed", opened, depth)
    if head.startswith(b"\x93NUMPY"):
        return "a NumPy array of objects" if b"'|O'" in head or b"'O'" in head else ""
    return "a pickle of protocol 0 or 1" if _is_pickle(file, is_modern=False) else ""


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
            file.seek(archive.offset)
            if file.read(UNPACKED_BYTES).strip(b"\0"):
                raise TooDeep("something follows the archive")
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


def _is_pickle(file: BinaryIO, *, is_modern: bool) -> bool:
    """Whether a loader would take the file for a pickle that is read to its end, or that runs something before.

    A modern one says by its first byte what it is. Of an old one that may as well be text we follow the stack: a
    loader stops where too little lies on it, and so do we. What follows the STOP no loader looks at.
    """
    file.seek(0)
    stack = _Stack()
    try:
        for number, (opcode, _argument, _position) in enumerate(pickletools.genops(file)):
            if number > MOST_OPCODES or opcode.name == "STOP":
                return is_modern
            if not stack.takes(opcode):
                return False
            if opcode.name in CALLING:
                return True
    except (ValueError, KeyError, IndexError, UnicodeDecodeError, OverflowError, AttributeError, MemoryError):
        return False
    return False


class _Stack:
    """How many values lie on an unpickler's stack, and where its marks are."""

    def __init__(self) -> None:
        self.depth = 0
        self.marks: list[int] = []

    def takes(self, opcode: pickletools.OpcodeInfo) -> bool:
        """Do what the opcode does to the stack; False if too little lies on it."""
        before, after = opcode.stack_before, opcode.stack_after
        if opcode.name == "MARK":
            self.marks.append(self.depth)
            return True
        if pickletools.markobject in before:
            if not self.marks:
                return False
            self.depth = self.marks.pop() - before.index(pickletools.markobject)
        else:
            self.depth -= len(before)
        is_enough = self.depth >= 0
        self.depth += len(after)
        return is_enough
