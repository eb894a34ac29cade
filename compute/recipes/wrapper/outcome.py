"""From how a training process ended to what that means: the exit classes of every backend.

The names of classes are those of the platform's failure taxonomy, as plain strings: this module runs
inside jobs and may import nothing of the platform.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

EXIT_DONE = 0
EXIT_AGAIN = 75
USER_CONFIG_CODES = frozenset({64, 65, 66, 77, 78})
TEXT_BYTES = 4096

STOPPED = "stopped"
TERMINATED = "terminated"
LEASE_LOST = "lease-lost"
DEADLINE = "deadline"
MEMORY_LIMIT = "memory-limit"
DISK_LIMIT = "disk-limit"
KILLED = "killed"
CHECKPOINTED = "checkpointed"
COMPLETED = "completed"
NO_OUTPUT = "no-output"
PLATFORM_AWAY = "platform-away"
PLATFORM_REFUSED = "platform-refused"
SPAWN_FAILED = "spawn-failed"
WRAPPER_VANISHED = "wrapper-vanished"
WRAPPER_FAILED = "wrapper-failed"

# What the wrapper itself ended an attempt for, strongest first, and the class that follows.
_CAUSES: dict[str, str | None] = {
    WRAPPER_FAILED: "platform",
    SPAWN_FAILED: "platform",
    PLATFORM_REFUSED: "platform",
    PLATFORM_AWAY: "platform",
    MEMORY_LIMIT: "oom",
    DISK_LIMIT: "storage",
    DEADLINE: "deadline",
    STOPPED: None,
    LEASE_LOST: "preempted",
    TERMINATED: "preempted",
}
_OUT_OF_ADDRESSES = (
    "MemoryError",
    "numpy._core._exceptions._ArrayMemoryError",
    "std::bad_alloc",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failure_class` is None after success and after a stop that somebody asked for."""

    failure_class: str | None
    reason: str


def strongest(causes: frozenset[str]) -> str:
    """The cause that decides when several came together, or "" if nothing was asked of the training."""
    return next((cause for cause in _CAUSES if cause in causes), "")


def classify(code: int, *, cause: str = "", text: str = "", kernel_out_of_memory: bool = False) -> Outcome:
    """What exit code `code` means (128 + n for signal n), given why the wrapper ended the training.

    A training that still finished, or that named a user's error, is taken at its word whatever was asked
    of it. A SIGKILL that is not ours is the host's doing, not the code's: the attempt may run again.
    """
    if code == EXIT_DONE and cause not in (
        LEASE_LOST,
        SPAWN_FAILED,
        PLATFORM_REFUSED,
        PLATFORM_AWAY,
    ):
        return Outcome(None, COMPLETED)
    if code in USER_CONFIG_CODES:
        return Outcome("user-config", f"exit-{code}")
    if cause:
        return Outcome(_CAUSES[cause], cause)
    if code == EXIT_AGAIN:
        return Outcome("preempted", CHECKPOINTED)
    if kernel_out_of_memory or _ran_out_of_addresses(text):
        return Outcome("oom", MEMORY_LIMIT)
    if code == 128 + 9:
        return Outcome("node-lost", KILLED)
    return Outcome("user-code", f"exit-{code}")


def closing_text(tail: bytes, code: int) -> str:
    """The last lines for people: the JSON line of a user's error if there is one, else the tail."""
    text = tail[-TEXT_BYTES:].decode("utf-8", errors="replace").replace("\x00", "�")
    lines = text.splitlines()
    if code in USER_CONFIG_CODES:
        for line in reversed(lines):
            if _is_refusal(line):
                return line.strip()
    return _capped("\n".join(lines[-40:]))


def _capped(text: str) -> str:
    return text.encode()[-TEXT_BYTES:].decode("utf-8", errors="ignore")


def _is_refusal(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        value = json.loads(line)
    except ValueError:
        return False
    return isinstance(value, dict) and "rule" in value


def _ran_out_of_addresses(text: str) -> bool:
    last = text.strip().rpartition("\n")[2]
    return any(mark in last for mark in _OUT_OF_ADDRESSES)
