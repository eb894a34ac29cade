"""Named points at which a test may kill this process. Off unless FAULT_POINTS names them."""

import os
import random
import signal

from django.conf import settings


def point(name: str) -> None:
    """Die here by SIGKILL if FAULT_POINTS says so, e.g. "after-capture-insert" or "after-capture-insert:0.1"."""
    if not settings.FAULT_POINTS:
        return
    for entry in settings.FAULT_POINTS.split(","):
        wanted, _, chance = entry.strip().partition(":")
        if wanted == name and random.random() < float(chance or 1):
            os.kill(os.getpid(), signal.SIGKILL)
