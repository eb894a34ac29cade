"""metrics.json and energy.json as recipes write them (RECIPES, "Output")."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

LARGEST = Decimal(10) ** 18


class BadMetrics(ValueError):
    """The document has not the form that recipes write."""


@dataclass(frozen=True, slots=True)
class Value:
    """One measured figure; `control` is the same figure of what it has to beat."""

    name: str
    value: Decimal
    n: int | None
    stderr: Decimal | None
    unit: str = ""
    control: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition on a figure, and whether it held."""

    name: str
    value: Decimal | None
    limit: Decimal | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Metrics:
    """The whole document."""

    values: list[Value]
    gates: list[Gate]
    baselines: dict[str, list[Decimal]] = field(default_factory=dict)

    def to_beat(self, value: Value, *, higher_is_better: bool) -> Decimal | None:
        """The control measured with a value, else the best baseline of the same measure."""
        known = self.baselines.get(value.name, [])
        if value.control is not None or not known:
            return value.control
        return max(known) if higher_is_better else min(known)


def read(document: Any) -> Metrics:
    """{"values": {name: {"value", "n", "standard_error"}}, "baselines": {name: {measure: value}},
    "gates": [{"name", "value", "limit", "passed"}]}.

    Raises BadMetrics for any other form, and for values that are no finite numbers.
    """
    try:
        values = [_value(str(name), row) for name, row in document.get("values", {}).items()]
        gates = [
            Gate(str(row["name"]), number(row.get("value")), number(row.get("limit")), row["passed"] is True)
            for row in document.get("gates", [])
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadMetrics(f"metrics.json has not the form that recipes write: {error!r}") from None
    return Metrics(values, gates, _baselines(document.get("baselines")))


def _baselines(document: Any) -> dict[str, list[Decimal]]:
    """{measure: its values} of {"token_unigram": {"bits_per_byte": 3.066}, …}; {} for any other form."""
    found: dict[str, list[Decimal]] = {}
    for row in document.values() if isinstance(document, dict) else ():
        for name, value in row.items() if isinstance(row, dict) else ():
            if (exact := number(value)) is not None:
                found.setdefault(str(name), []).append(exact)
    return found


def _value(name: str, row: Mapping[str, Any]) -> Value:
    value = number(row["value"])
    if value is None:
        raise ValueError(f"{name} is no finite number")
    n = row.get("n")
    return Value(
        name,
        value,
        int(n) if isinstance(n, int) and not isinstance(n, bool) else None,
        number(row.get("standard_error")),
        str(row.get("unit", ""))[:64],
        number(row.get("control")),
    )


def number(value: Any) -> Decimal | None:
    """A finite number below 10^18 as the document writes it, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    exact = Decimal(str(value))
    return exact if abs(exact) < LARGEST else None


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules with the method behind them: "measured", "estimated" or "constant"."""

    joules: int
    method: str
    source: str = ""


def read_energy(document: Any) -> Energy | None:
    """The total of energy.json, with the source of its first counted part; None if it states none."""
    try:
        total = document["total"]
        joules, method = number(total["joules"]), str(total["method"])
        sources = [str(row.get("source", "")) for row in document.get("rows", []) if row.get("method") == method]
    except (AttributeError, KeyError, TypeError):
        return None
    return None if joules is None else Energy(round(joules), method, sources[0] if sources else "")
