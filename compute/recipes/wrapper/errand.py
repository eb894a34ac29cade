"""One call made beside the main thread, with its result or its error kept for later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Errand:
    def __init__(self, call: Callable[[], Any], on_done: Callable[[], None]) -> None:
        self._call = call
        self._on_done = on_done
        self._is_done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="errand", daemon=True)
        self._thread.start()

    def is_done(self) -> bool:
        return self._is_done.is_set()

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            self.result = self._call()
        except BaseException as error:  # noqa: BLE001 (handed to the main thread, which decides)
            self.error = error
        self._is_done.set()
        self._on_done()
