"""A recipe that trains nothing: the standard library only, and any behaviour on demand.

Registered where HEADWATERS_EXTRA_RECIPES names this package. Its state after step n is a
function of (seed, n), so that an exact resumption can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compute.recipes.base import (
    Accelerator,
    Accepts,
    Choice,
    Estimate,
    Field,
    FieldType,
    Gate,
    Metric,
    Recipe,
    Resources,
)

OUTCOMES = (
    "success",
    "failed-gate",
    "exit-64",
    "exit-65",
    "exit-66",
    "exit-77",
    "exit-78",
    "exception",
    "exit-3",
    "not-finite",
    "hang",
    "kill-self",
)


def number(name: str, label: str, default: int, maximum: int, minimum: int = 0) -> Field:
    return Field(
        name=name, type=FieldType.INT, label=label, default=default, minimum=minimum, maximum=maximum, advanced=True
    )


def flag(name: str, label: str) -> Field:
    return Field(name=name, type=FieldType.BOOL, label=label, default=False, advanced=True)


FIELDS = (
    Field(
        name="outcome",
        type=FieldType.CHOICE,
        label="Outcome",
        default="success",
        choices=tuple(Choice(value, value) for value in OUTCOMES),
    ),
    Field(
        name="dataset",
        type=FieldType.DATASET,
        label="Data set",
        required=False,
        accepts=Accepts("dataset", suffixes=(".txt",)),
    ),
    number("step_ms", "Milliseconds a step", 20, 600_000),
    number("checkpoint_every_steps", "Checkpoint every so many steps (0: by minutes only)", 5, 1_000_000),
    number("fail_at_step", "The outcome happens at this step", 3, 1_000_000),
    number("fail_while_fence_below", "Later fences succeed (0: none does)", 0, 2**62),
    number("grow_mib_per_step", "Memory growth a step, MiB", 0, 4096),
    number("log_bytes_per_step", "Log bytes a step", 0, 64 << 20),
    number("checkpoint_bytes", "Ballast in each checkpoint", 0, 1 << 30),
    number("output_bytes", "Ballast in the output", 0, 1 << 30),
    number("burn_ms_per_step", "CPU milliseconds burnt a step", 0, 600_000),
    flag("ignore_sigterm", "Ignore SIGTERM"),
    flag("leave_child", "Leave a child process in its own session behind"),
    flag("track", "Report to the tracker"),
)


def resources(inputs: Mapping[str, Any]) -> Resources:
    grown = inputs["grow_mib_per_step"] * inputs["max_steps"] << 20
    return Resources(memory_bytes=(128 << 20) + min(grown, 64 << 20), disk_bytes=64 << 20, cpu_millis=500)


def estimate(inputs: Mapping[str, Any], accelerator: Accelerator) -> Estimate:
    seconds = 1 + inputs["max_steps"] * (inputs["step_ms"] + inputs["burn_ms_per_step"]) // 1000
    return Estimate(
        accelerator_seconds=seconds, memory_bytes=128 << 20, checkpoint_bytes=1024, basis="steps × time of a step"
    )


def command(inputs: Mapping[str, Any]) -> list[str]:
    return ["python", "-m", "tests.compute.recipes.stdlib_runner.train"]


RECIPE = Recipe(
    name="stdlib_runner",
    label="Standard-library runner",
    summary="Walks through a job's life without training anything.",
    version=1,
    package="tests.compute.recipes.stdlib_runner",
    environment="web",
    fields=FIELDS,
    metrics=(Metric("score", "Score", "", True),),
    gates=(Gate("reload", "The saved state reads back"), Gate("beats_baseline", "The score beats its baseline")),
    relation="produced_by",
    resources=resources,
    estimate=estimate,
    command=command,
    job_defaults={"max_steps": 20, "wall_limit_minutes": 5},
)
