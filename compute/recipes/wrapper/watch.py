"""The main thread's watch: alive by a heartbeat, open to requests, firm about ends.

Requests come by signal, by the `stop` file and by the lease. The first one makes training checkpoint
(SIGTERM); what is still there after the grace is killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable

from compute.recipes.wrapper import outcome
from compute.recipes.wrapper.folder import RunFolder
from compute.recipes.wrapper.lease import LeaseKeeper
from compute.recipes.wrapper.limits import Limits
from compute.recipes.wrapper.training import CappedLog, Training

TICK_S = 0.2
BEAT_S = 1.0
log = logging.getLogger("wrapper")


class Watch:
    def __init__(self, folder: RunFolder, training: Training, lease: LeaseKeeper, output: CappedLog, grace_s: float):
        self._folder = folder
        self._training = training
        self._lease = lease
        self._output = output
        self._grace_s = grace_s
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._is_term_received = False
        self._asked_at: float | None = None
        self._beat_at = 0.0
        self.causes: set[str] = set()
        self.cancelled = threading.Event()

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it only has to interrupt the pause
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def wake(self) -> None:
        """End the present pause. A pipe, because an Event may deadlock with a signal that comes while it is held."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b".")

    def until(self, is_done: Callable[[], bool], *, limits: Limits | None = None, reap: bool = True) -> None:
        """Watch until `is_done()`; causes that come up meanwhile stand in `causes`."""
        while True:
            self._beat()
            if reap:
                self._training.reap()
            if is_done():
                self.hear()
                return
            self._output.keep_below_limit()
            self.hear()
            if limits is not None and self._training.ended is None:
                self.causes |= limits.exceeded(self._training)
            self._press_on()
            self._pause()

    def hear(self) -> None:
        if self._lease.lost.is_set():
            self.causes.add(outcome.LEASE_LOST)
        if self._lease.stop_asked.is_set() or self._folder.stop.exists():
            self.causes.add(outcome.STOPPED)
        if self._is_term_received:
            self.causes.add(outcome.TERMINATED)

    def renew_grace(self) -> None:
        """Training is over: what follows, the delivery, has the whole grace again."""
        self._asked_at = None

    def _beat(self) -> None:
        if time.monotonic() - self._beat_at >= BEAT_S:
            self._folder.beat()
            self._beat_at = time.monotonic()

    def _pause(self) -> None:
        if select.select([self._reader], [], [], TICK_S)[0]:
            os.read(self._reader, 4096)

    def _on_signal(self, *_: object) -> None:
        self._is_term_received = True

    def _press_on(self) -> None:
        """SIGTERM when a cause first appears, SIGKILL after the grace; no grace for memory."""
        is_training = self._training.pid != 0 and self._training.ended is None
        causes = self.causes if is_training else self.causes - {outcome.DEADLINE, outcome.DISK_LIMIT}
        if not causes:
            return
        if self._asked_at is None:
            log.info("ending: %s", ", ".join(sorted(causes)))
            self._asked_at = time.monotonic()
            self._training.ask_to_end()
        is_urgent = outcome.MEMORY_LIMIT in causes or self._training.pid == 0
        if is_urgent or time.monotonic() - self._asked_at >= self._grace_s:
            if is_training:
                self._training.kill()
            else:
                self.cancelled.set()
