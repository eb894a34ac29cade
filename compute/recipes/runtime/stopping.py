"""Being asked to stop: SIGTERM, SIGINT (the tracker's stop), or the death of the parent.

Inside `deferred()` a request only sets a flag, which the training loop reads between steps;
elsewhere (imports, evaluation, export) there is nothing to save and it raises RunAgain at once.
"""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from compute.recipes.runtime.exits import RunAgain

PR_SET_PDEATHSIG = 1
REQUESTS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    def __init__(self) -> None:
        self.reason = ""
        self._deferred = 0
        self._is_over = False

    def install(self) -> None:
        """Take over the signals. Call first thing in the main thread."""
        for number in REQUESTS:
            signal.signal(number, self._on_signal)
        # A killed wrapper must not leave training running unseen.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    @property
    def is_requested(self) -> bool:
        return bool(self.reason)

    def request(self, reason: str) -> None:
        self.reason = self.reason or reason

    def raise_if_requested(self) -> None:
        if self.is_requested:
            raise RunAgain(self.reason)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, requests wait. A KeyboardInterrupt from a library counts as one."""
        self._deferred += 1
        try:
            yield
        except KeyboardInterrupt as interrupt:
            self.request("interrupted")
            raise RunAgain(self.reason) from interrupt
        finally:
            self._deferred -= 1

    def finish(self) -> None:
        """The result is committed: from here on nothing can be asked any more."""
        self._is_over = True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.request(f"asked to stop by {signal.Signals(number).name}")
        if not self._deferred and not self._is_over:
            raise RunAgain(self.reason)
