"""The attempt's lease: got once, renewed until the end, shown to training by a file.

Without a valid lease nothing is committed: training reads the file before every commit, the platform
checks the fence. So an outage of the platform stops no training before the lease has run out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from compute.recipes.wrapper.folder import RunFolder, utc_now, write_json
from compute.recipes.wrapper.patience import GivenUp, persist
from compute.recipes.wrapper.platform_api import Away, LeaseAnswer, LeaseLost, Platform, Rejected

REFUSALS_BEFORE_GIVING_UP = 5
OUTAGE_PAUSE_S = 5.0
AFTERLIFE = timedelta(hours=1)
log = logging.getLogger("wrapper")
T = TypeVar("T")


class LeaseKeeper:
    def __init__(self, platform: Platform, folder: RunFolder, holder: str) -> None:
        self._platform = platform
        self._folder = folder
        self._holder = holder
        self._state = "starting"
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._renewing = threading.Lock()
        self._thread: threading.Thread | None = None
        self.answer: LeaseAnswer | None = None
        self.lost = threading.Event()
        self.stop_asked = threading.Event()

    @property
    def fence(self) -> int:
        assert self.answer is not None, "the lease comes before everything that carries a fence"
        return self.answer.fence

    def is_over(self) -> bool:
        """Lost, or expired for so long that nobody waits for what this attempt still has to say."""
        if self.lost.is_set():
            return True
        return self.answer is not None and utc_now() >= self.answer.expires_at + AFTERLIFE

    def acquire(self, *, cancelled: threading.Event, is_over: Callable[[], bool]) -> LeaseAnswer:
        """Wait for the platform and its lease, then keep renewing it in the background.

        Raises LeaseLost, Rejected (said no several times in a row) or GivenUp.
        """
        refusals = 0
        while True:
            try:
                persist(lambda: self._renew(), cancelled=cancelled, is_over=is_over)
                break
            except Rejected as error:
                refusals += 1
                log.warning("the lease was refused: %s", error)
                if refusals >= REFUSALS_BEFORE_GIVING_UP:
                    raise
            if cancelled.wait(refusals * 0.2):
                raise GivenUp
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()
        assert self.answer is not None
        return self.answer

    def guard(self, call: Callable[[], T]) -> T:
        """Make a call under the lease. Whether a refused one means that the lease is lost, only the lease tells:
        after a long outage it may have run out and still be ours to renew. Then the call is worth repeating.
        """
        try:
            return call()
        except LeaseLost as error:
            self._renew()
            raise Away(f"refused under a lease that holds: {error}") from error

    def say(self, state: str) -> None:
        """Tell the platform of a new state with a renewal at once."""
        self._state = state
        self._wake.set()

    def close(self) -> None:
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=1)

    def _keep(self) -> None:
        pause = self.answer.renew_after_s if self.answer else 0.0
        while not self._closed.is_set() and not self.lost.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            if self._closed.is_set():
                return
            try:
                pause = self._renew().renew_after_s
            except LeaseLost as error:
                log.warning("the lease is lost: %s", error)
            except (Away, Rejected) as error:
                log.info("the lease was not renewed: %s", error)
                pause = min(pause, OUTAGE_PAUSE_S)

    def _renew(self) -> LeaseAnswer:
        with self._renewing:
            return self._renew_alone()

    def _renew_alone(self) -> LeaseAnswer:
        try:
            answer = self._platform.lease(self._holder, self._state)
        except LeaseLost:
            self._lose()
            raise
        if self.answer is not None and answer.fence != self.answer.fence:
            self._lose()
            raise LeaseLost(f"the fence rose from {self.answer.fence} to {answer.fence}")
        self.answer = answer
        self._show(answer.expires_at, answer.checkpoint_by)
        if answer.stop:
            self.stop_asked.set()
        return answer

    def _lose(self) -> None:
        """From here on training may commit nothing: the file says that the lease has run out."""
        if self.answer is not None:
            self._show(datetime.fromtimestamp(0, UTC), None)
        self.lost.set()

    def _show(self, expires_at: datetime, checkpoint_by: str | None) -> None:
        shown = {"fence": self.fence, "expires_at": expires_at.isoformat(), "checkpoint_by": checkpoint_by}
        write_json(self._folder.lease, shown, mode=0o644)
