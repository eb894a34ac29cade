"""How much energy a process took, with the method that gave the figure.

`measured` only where the processor's own counters can be read (whole machine); else `constant`:
CPU seconds × a stated figure, which is an assumption and says so.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RAPL = Path("/sys/class/powercap")
WATTS_PER_BUSY_CORE = 10
MICROJOULES = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    seconds: float
    cpu_seconds: float
    counters: dict[str, int]


def read() -> Reading:
    times = os.times()
    cpu = times.user + times.system + times.children_user + times.children_system
    return Reading(time.monotonic(), cpu, _counters())


def _counters() -> dict[str, int]:
    counters: dict[str, int] = {}
    for package in sorted(RAPL.glob("intel-rapl:?")):
        try:
            counters[str(package)] = int((package / "energy_uj").read_text())
        except (OSError, ValueError):
            return {}  # readable by root only on most machines: then nothing is measured
    return counters


def report(start: Reading, end: Reading, *, coverage: float = 1.0) -> dict[str, Any]:
    """The document `energy.json`. `coverage`: the share of the job's steps that this process did."""
    cpu_seconds = end.cpu_seconds - start.cpu_seconds
    interval = round(end.seconds - start.seconds, 3)
    deltas = [end.counters.get(name, 0) - value for name, value in start.counters.items()]
    if deltas and all(delta >= 0 for delta in deltas):
        part = {
            "part": "cpu",
            "joules": sum(deltas) // MICROJOULES,
            "method": "measured",
            "scope": "machine",
            "source": "RAPL package counters",
        }
    else:
        part = {
            "part": "cpu",
            "joules": round(cpu_seconds * WATTS_PER_BUSY_CORE),
            "method": "constant",
            "scope": "process",
            "source": f"CPU seconds × {WATTS_PER_BUSY_CORE} W per busy core (assumed, not measured)",
        }
    part |= {"cpu_seconds": round(cpu_seconds, 2), "interval_seconds": interval, "coverage": round(coverage, 4)}
    rows = [part, {"part": "memory", "joules": None, "method": "unmeasured", "scope": "process", "coverage": 0.0}]
    return {"rows": rows, "total": {"joules": part["joules"], "method": part["method"], "parts": ["cpu"]}}
