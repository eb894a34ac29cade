"""What a recipe is: its form, its needs, its command. Standard library only.

One validation serves form, API, command line and `train.py`:

    cleaned = recipe.clean({"layers": "4", "preset": "custom"})
    cleaned.values      every declared field, as JSON values, defaults filled in
    cleaned.refusals    each names the field, the rule and the way out

`clean` never raises for bad input, and cleaning clean values changes nothing, so `train.py`
reads back exactly what the form accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from compute.recipes import values as reading
from compute.recipes.fields import (
    REFERENCES,
    Accepts,
    Choice,
    Field,
    FieldType,
    Refusal,
    Scale,
    VisibleIf,
    gettext_noop,
    refuse,
)
from compute.recipes.job_fields import check_job_inputs, job_fields

__all__ = [
    "Accelerator",
    "Accepts",
    "Choice",
    "Cleaned",
    "Estimate",
    "Field",
    "FieldType",
    "Gate",
    "Metric",
    "Recipe",
    "Refusal",
    "Resources",
    "Scale",
    "VisibleIf",
    "gettext_noop",
    "refuse",
]

_ = gettext_noop

Inputs = Mapping[str, Any]
Facts = Mapping[str, Mapping[str, Any]]

CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    label: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """A measured condition; its result stands in `metrics.json`. A publication asks for `blocks`."""

    name: str
    label: str
    blocks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What one attempt asks of a cluster, per process; `interruptible`: a step fits half the grace."""

    processes: int = 1
    accelerators_per_process: int = 1
    accelerator_types: tuple[str, ...] = ()
    cpu_millis: int = 1000
    memory_bytes: int = 1 << 30
    disk_bytes: int = 1 << 30
    shm_bytes: int = 0
    interruptible: bool = True

    @property
    def accelerators(self) -> int:
        return self.processes * self.accelerators_per_process


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What an estimate needs of an accelerator type. `peak_flops` is per second and device, or unknown."""

    name: str
    peak_flops: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A forecast for the form, not a bill. `basis` says in one sentence how it was reached."""

    accelerator_seconds: int
    memory_bytes: int
    checkpoint_bytes: int
    basis: str
    parameters: int = 0
    tokens: int = 0


class Cleaned(NamedTuple):
    values: dict[str, Any]
    refusals: tuple[Refusal, ...]


def nothing_to_check(inputs: Inputs, facts: Facts) -> list[Refusal]:
    return []


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A kind of training job.

    `package` is the dotted folder of `recipe.py` and `train.py`; `environment` the lock file's name
    under `requirements/`. `version` rises when the same inputs could give other results.
    `presets` maps a choice of the field `preset` to values: fields that are visible only with the
    preset "custom" are fixed by it, the others only get it as their default.
    `resources`, `estimate`, `command` take clean inputs; `check` also facts about references,
    keyed by field name. `command` starts with "python", the environment's interpreter, and runs
    with the code root as working folder.
    """

    name: str
    label: str
    summary: str
    version: int
    package: str
    environment: str
    fields: tuple[Field, ...]
    metrics: tuple[Metric, ...]
    gates: tuple[Gate, ...]
    relation: str
    resources: Callable[[Inputs], Resources]
    estimate: Callable[[Inputs, Accelerator], Estimate]
    command: Callable[[Inputs], list[str]]
    check_inputs: Callable[[Inputs, Facts], list[Refusal]] = nothing_to_check
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    job_defaults: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def all_fields(self) -> tuple[Field, ...]:
        """The recipe's own fields, then those that every job has."""
        return self.fields + job_fields(self.job_defaults)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {declared.name: declared for declared in self.all_fields}

    @property
    def reference_fields(self) -> tuple[Field, ...]:
        """The fields whose value names a model or a data set."""
        return tuple(declared for declared in self.all_fields if declared.type in REFERENCES)

    def clean(self, given: Mapping[str, Any]) -> Cleaned:
        """Read `given`; see the module's docstring. Values of refused fields are left out."""
        cleaned: dict[str, Any] = {}
        refusals = [self._unknown(name) for name in given if name not in self.by_name]
        for declared in self._dependencies_first():
            try:
                cleaned[declared.name] = self._clean_one(declared, given, cleaned)
            except reading.Unfit as problem:
                refusals.append(problem.refusal)
        ordered = {name: cleaned[name] for name in self.by_name if name in cleaned}
        return Cleaned(ordered, tuple(refusals))

    def check(self, inputs: Inputs, facts: Facts) -> list[Refusal]:
        """Rules that need several fields, or facts about what they refer to."""
        return check_job_inputs(inputs) + self.check_inputs(inputs, facts)

    def is_visible(self, declared: Field, chosen: Inputs) -> bool:
        condition = declared.visible_if
        return condition is None or chosen.get(condition.name) in condition.values

    def _dependencies_first(self) -> list[Field]:
        # "preset" decides defaults and every condition hangs on a field that has none itself.
        return sorted(self.all_fields, key=lambda f: (f.name != "preset", f.visible_if is not None))

    def _clean_one(self, declared: Field, given: Mapping[str, Any], cleaned: Inputs) -> Any:
        preset = self.presets.get(str(cleaned.get("preset")), {})
        default = preset.get(declared.name, declared.default)
        raw = given.get(declared.name)
        if not self.is_visible(declared, cleaned):
            return self._hidden(declared, raw, default)
        if not reading.is_empty(raw):
            return reading.parse(declared, raw)
        emptied = declared.name in given and raw is not None
        if declared.required and (default is None or emptied):
            raise reading.unfit(declared, _("%(label)s is missing."), _("Fill it in."))
        return _empty(declared) if emptied else default

    def _hidden(self, declared: Field, raw: Any, default: Any) -> Any:
        """A field that does not count: it keeps its default, and a value of another mind is refused."""
        if reading.is_empty(raw):
            return default
        value = reading.parse(declared, raw)
        if value not in (default, declared.default):
            assert declared.visible_if is not None
            raise reading.unfit(
                declared,
                _("%(label)s has no effect with the chosen %(other)s."),
                _("Choose %(choices)s as %(other)s, or leave this field out."),
                other=declared.visible_if.name,
                choices=" / ".join(declared.visible_if.values),
            )
        return default

    def _unknown(self, name: Any) -> Refusal:
        return refuse(
            str(name)[:128],
            _("“%(name)s” is no field of the recipe %(recipe)s."),
            _("Remove it. The fields are: %(known)s."),
            name=str(name)[:128],
            recipe=self.name,
            known=", ".join(self.by_name),
        )


def _empty(declared: Field) -> Any:
    """What an explicitly emptied optional field holds."""
    return {FieldType.TEXT: "", FieldType.INT_LIST: []}.get(declared.type, declared.default)
