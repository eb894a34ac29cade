"""Where the local backend keeps what it knows: names to folders, and the locks between its instances."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from compute.jobs.backends.base import BackendError
from compute.recipes.wrapper.folder import RunFolder

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_STRIPES = 64


class Places:
    """`attempts/<name>` is a run folder, `jobs/<job>/checkpoints` outlives every attempt of its job."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.attempts = root / "attempts"
        self.cache = root / "cache"

    def folder(self, name: str) -> RunFolder:
        if not _NAME.fullmatch(name):
            raise BackendError(f"{name!r} is no name of an attempt")
        return RunFolder(self.attempts / name)

    def draft(self, name: str) -> Path:
        """Where a folder is made ready before it takes its name."""
        return self.attempts / f".new-{name}"

    def grave(self, name: str) -> Path:
        """Where a folder goes that has lost its name."""
        return self.attempts / f".gone-{name}"

    def folders(self) -> list[RunFolder]:
        if not self.attempts.is_dir():
            return []
        return [RunFolder(path) for path in sorted(self.attempts.iterdir()) if _NAME.fullmatch(path.name)]

    def checkpoints(self, job_id: str) -> Path:
        if not _JOB.fullmatch(job_id):
            raise BackendError(f"{job_id!r} is no id of a job")
        return self.root / "jobs" / job_id.lower() / "checkpoints"

    @contextlib.contextmanager
    def alone_with(self, name: str) -> Iterator[None]:
        """Keep other processes and threads from creating or deleting this name; a dead one keeps nobody out."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        stripe = zlib.crc32(name.encode()) % _STRIPES
        descriptor = os.open(locks / f"{stripe:02d}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
