"""A job's log is its standard output; a line must not wait in a buffer when the process is killed."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
