"""Asking again: with growing pauses, and only as long as it makes sense."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import TypeVar

from compute.recipes.wrapper.platform_api import Away

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 15.0
log = logging.getLogger("wrapper")
T = TypeVar("T")


class GivenUp(Exception):
    """The platform stayed away for as long as it was worth waiting."""


def persist(call: Callable[[], T], *, cancelled: threading.Event, is_over: Callable[[], bool]) -> T:
    """Repeat `call` while the platform is away; every other error goes through at once.

    Raises GivenUp when `cancelled` is set or `is_over()` holds before an answer came.
    """
    pause = FIRST_PAUSE_S
    while True:
        try:
            return call()
        except Away as error:
            log.info("the platform is away (%s); asking again in %.2f s", error, pause)
        if cancelled.wait(pause * random.uniform(0.8, 1.2)) or is_over():
            raise GivenUp
        pause = min(pause * 2, LONGEST_PAUSE_S)
