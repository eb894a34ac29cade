"""The run folder: everything about one attempt that must outlive a process, and its lock.

Who wrote what, in order: `spec.json` and `secrets.json` by the backend; `lock`, `run.json`, `heartbeat`,
`lease.json`, `inputs.json`, `log` by the wrapper; `stop` by the backend; `exit.json` by the wrapper, last
of all. A JSON file is replaced as a whole, so that a reader never sees half of one.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import struct
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FLOCK = "hhqqi4x"


class AlreadyRunning(Exception):
    """Another wrapper holds the folder, or one has held it before: a folder is run once."""


class RunFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "spec.json"
        self.secrets = path / "secrets.json"
        self.lock = path / "lock"
        self.run = path / "run.json"
        self.exit = path / "exit.json"
        self.heartbeat = path / "heartbeat"
        self.stop = path / "stop"
        self.lease = path / "lease.json"
        self.recipe_inputs = path / "inputs.json"
        self.inputs = path / "inputs"
        self.log = path / "log"
        self.wrapper_log = path / "wrapper.log"
        self.work = path / "work"
        self.output = path / "output"

    def take_lock(self) -> int:
        """Hold the folder until this process ends; returns the descriptor, which must stay open.

        A POSIX lock: children do not inherit it, and others can ask who holds it without taking it,
        even for a moment. No process may open and close the file again while it holds it.
        """
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise AlreadyRunning(f"another wrapper holds {self.path}") from None
        if self.run.exists() or self.exit.exists():
            os.close(descriptor)
            raise AlreadyRunning(f"{self.path} was run before")
        return descriptor

    def lock_holder(self) -> int | None:
        """The process id of the wrapper that holds the folder now."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
        finally:
            os.close(descriptor)
        return None if kind == fcntl.F_UNLCK else int(pid)

    def beat(self) -> None:
        self.heartbeat.touch()

    def last_beat(self) -> datetime | None:
        try:
            return datetime.fromtimestamp(self.heartbeat.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in `path`, or None where there is no such file (or no such folder any more)."""
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds no JSON object")
    return value


def write_json(path: Path, value: Mapping[str, Any], *, mode: int = 0o600) -> None:
    """Replace `path` as a whole, on disk before this returns."""
    data = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_ulid() -> str:
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -5, -5))


def utc_now() -> datetime:
    return datetime.now(UTC)


def as_instant(text: str | None) -> datetime | None:
    """An aware instant from its ISO form; None stays None."""
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
