"""Memory, disk and wall time of one attempt."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from compute.recipes.wrapper import outcome
from compute.recipes.wrapper.folder import RunFolder
from compute.recipes.wrapper.plan import Plan
from compute.recipes.wrapper.training import Training

DISK_EVERY_S = 2.0


class Limits:
    """Asked at every tick; the wall limit counts from here on. A limit of 0 is none."""

    def __init__(self, plan: Plan, folder: RunFolder, fence: int) -> None:
        self._memory_bytes = plan.memory_bytes
        self._disk_bytes = plan.disk_bytes
        self._deadline = time.monotonic() + plan.wall_limit_s if plan.wall_limit_s else None
        self._folders = (folder.work, folder.output, plan.checkpoints / str(fence))
        self._disk_used = 0
        self._disk_checked_at = time.monotonic()
        self._measuring: threading.Thread | None = None

    def exceeded(self, training: Training) -> set[str]:
        causes = set()
        if training.measure(self._memory_bytes) > self._memory_bytes > 0:
            causes.add(outcome.MEMORY_LIMIT)
        if self._deadline is not None and time.monotonic() > self._deadline:
            causes.add(outcome.DEADLINE)
        if self._disk_bytes and self._disk() > self._disk_bytes:
            causes.add(outcome.DISK_LIMIT)
        return causes

    def _disk(self) -> int:
        """The last figure measured: walking a large folder must not delay the watch over memory."""
        is_due = time.monotonic() - self._disk_checked_at >= DISK_EVERY_S
        if is_due and (self._measuring is None or not self._measuring.is_alive()):
            self._disk_checked_at = time.monotonic()
            self._measuring = threading.Thread(target=self._measure_disk, name="disk", daemon=True)
            self._measuring.start()
        return self._disk_used

    def _measure_disk(self) -> None:
        self._disk_used = sum(folder_bytes(folder) for folder in self._folders)


def folder_bytes(folder: Path) -> int:
    """Blocks held by the files below `folder`; links are not followed, what vanishes meanwhile is nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(root) / name).lstat().st_blocks * 512
    return total
