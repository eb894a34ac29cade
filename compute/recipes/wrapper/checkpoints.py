"""Committed checkpoints on their way to the platform: seen in the job's folder, posted until accepted."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import threading
from pathlib import Path

from compute.recipes.wrapper.lease import LeaseKeeper
from compute.recipes.wrapper.patience import GivenUp, persist
from compute.recipes.wrapper.platform_api import LeaseLost, Platform, Rejected

LOOK_EVERY_S = 0.5
MANIFEST = "manifest.json"
log = logging.getLogger("wrapper")


class CheckpointPoster:
    """Watches `<checkpoints>/<fence>/<step>/manifest.json`; a folder is renamed to its step when committed."""

    def __init__(self, platform: Platform, lease: LeaseKeeper, checkpoints: Path) -> None:
        self._platform = platform
        self._lease = lease
        self._folder = checkpoints / str(lease.fence)
        self._settled: set[int] = set()
        self._cancelled = threading.Event()
        self._finishing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
        self.last_step: int | None = None

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Training is over: post what is left, then end."""
        self._finishing.set()

    def is_finished(self) -> bool:
        return not self._thread.is_alive()

    def give_up(self) -> None:
        self._cancelled.set()

    def _work(self) -> None:
        while not self._lease.is_over() and not self._cancelled.is_set():
            is_last_look = self._finishing.is_set()
            try:
                for step in self._unsettled():
                    self._post(step)
            except (GivenUp, LeaseLost) as error:
                log.warning("no more checkpoints are posted: %s", error or "cancelled")
                return
            if is_last_look:
                return
            self._finishing.wait(LOOK_EVERY_S)

    def _unsettled(self) -> list[int]:
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in names if name.isdecimal() and int(name) not in self._settled)

    def _post(self, step: int) -> None:
        path = self._folder / str(step) / MANIFEST
        try:
            data = path.read_bytes()
            manifest = json.loads(data)
        except FileNotFoundError:
            return  # thinned out before it was posted, or not committed: looked at again while it exists
        except ValueError:
            log.warning("checkpoint %d has a manifest that is no JSON", step)
            self._settled.add(step)
            return
        fence, sha256 = self._lease.fence, hashlib.sha256(data).hexdigest()
        location = f"local:{fence}/{step}"
        post = functools.partial(
            self._platform.post_checkpoint,
            fence=fence,
            step=step,
            sha256=sha256,
            manifest=manifest,
            location=location,
        )
        try:
            persist(
                lambda: self._lease.guard(post),
                cancelled=self._cancelled,
                is_over=lambda: self._lease.is_over() or not path.exists(),
            )
            self.last_step = step
        except Rejected as error:
            log.warning("checkpoint %d was refused: %s", step, error)
        except GivenUp:
            if self._cancelled.is_set() or self._lease.is_over():
                raise
        self._settled.add(step)
