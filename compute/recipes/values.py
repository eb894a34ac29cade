"""Reading one value of a declared field: from a form (text), from JSON, or from a file.

`parse(field, raw)` gives the clean value or raises `Unfit` with the refusal. Clean values are
JSON values, and reading a clean value again gives the same value.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from compute.recipes.fields import Field, FieldType, Refusal, gettext_noop, refuse

_ = gettext_noop

WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)
DECIMAL_NUMBER = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,4})?", re.ASCII)
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@:-]{0,199}", re.ASCII)
TRUE_WORDS = frozenset({"true", "on", "yes", "1"})
FALSE_WORDS = frozenset({"false", "off", "no", "0"})
TEXT_LIMIT = 10_000
LIST_LIMIT = 64


class Unfit(Exception):
    """The value does not fit its field."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.rule)
        self.refusal = refusal


def unfit(field: Field, rule: str, way_out: str, **params: Any) -> Unfit:
    return Unfit(refuse(field.name, rule, way_out, label=field.label, **params))


def is_empty(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def parse(field: Field, raw: Any) -> Any:
    """The clean value of `raw`, which is not empty. Raises `Unfit`."""
    return PARSERS[field.type](field, raw)


def _whole(field: Field, raw: Any) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and WHOLE_NUMBER.fullmatch(raw.strip()):
        return int(raw.strip())
    raise unfit(
        field,
        _("%(label)s must be a whole number."),
        _("Write digits only, without separators, for example %(example)s."),
        example=field.default if isinstance(field.default, int) else field.minimum or 1,
    )


def _int(field: Field, raw: Any) -> int:
    value = _whole(field, raw)
    _check_range(field, value)
    if field.multiple_of and value % field.multiple_of:
        below = value - value % field.multiple_of
        raise unfit(
            field,
            _("%(label)s must be a multiple of %(step)s."),
            _("Choose %(below)s or %(above)s."),
            step=field.multiple_of,
            below=max(below, field.multiple_of),
            above=below + field.multiple_of,
        )
    return value


def _float(field: Field, raw: Any) -> float:
    value = math.nan
    if isinstance(raw, str) and DECIMAL_NUMBER.fullmatch(raw.strip()):
        value = float(raw.strip())
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        try:
            value = float(raw)
        except OverflowError:
            value = math.inf
    if not math.isfinite(value):
        raise unfit(
            field,
            _("%(label)s must be a finite number."),
            _("Write it with a point, for example 0.002 or 2e-3."),
        )
    _check_range(field, value)
    return value


def _check_range(field: Field, value: int | float) -> None:
    low, high = field.minimum, field.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise unfit(
            field,
            _("%(label)s must be between %(low)s and %(high)s."),
            _("Choose a value inside these limits."),
            low="-∞" if low is None else low,
            high="∞" if high is None else high,
        )


def _bool(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else raw
    if isinstance(word, str) and word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise unfit(field, _("%(label)s must be yes or no."), _("Send true or false."))


def _text(field: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        raise unfit(field, _("%(label)s must be text."), _("Send a string."))
    value = raw.replace("\r\n", "\n").replace("\r", "\n").strip()
    allowed = "\n\t" if field.multiline else ""
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in allowed for c in value):
        raise unfit(
            field,
            _("%(label)s holds control characters or broken text."),
            _("Remove them and send plain Unicode text."),
        )
    limit = int(field.maximum if field.maximum is not None else TEXT_LIMIT)
    if len(value) > limit:
        raise unfit(
            field,
            _("%(label)s may have at most %(limit)s characters; this has %(length)s."),
            _("Shorten it."),
            limit=limit,
            length=len(value),
        )
    return value


def _choice(field: Field, raw: Any) -> str:
    values = [choice.value for choice in field.choices]
    if isinstance(raw, str) and raw in values:
        return raw
    raise unfit(
        field,
        _("%(label)s has no such choice."),
        _("Choose one of: %(choices)s."),
        choices=", ".join(value for value in values if value),
    )


def _int_list(field: Field, raw: Any) -> list[int]:
    items = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(items, list | tuple):
        raise unfit(
            field, _("%(label)s must be a list of whole numbers."), _("Write them with commas between: 1, 2, 3.")
        )
    values = [_whole(field, item) for item in items]
    limit = int(field.maximum if field.maximum is not None else LIST_LIMIT)
    low, high = field.minimum, field.item_maximum
    outside = [v for v in values if (low is not None and v < low) or (high is not None and v > high)]
    if len(values) > limit or outside:
        raise unfit(
            field,
            _("%(label)s takes at most %(limit)s numbers between %(low)s and %(high)s."),
            _("Remove what is outside these limits."),
            limit=limit,
            low="-∞" if low is None else low,
            high="∞" if high is None else high,
        )
    return values


def _reference(field: Field, raw: Any) -> str:
    if isinstance(raw, str) and REFERENCE.fullmatch(raw.strip()):
        return raw.strip()
    raise unfit(
        field,
        _("%(label)s must name something in the catalogue."),
        _("Pick it from the list, or send its public identifier."),
    )


PARSERS: dict[FieldType, Callable[[Field, Any], Any]] = {
    FieldType.INT: _int,
    FieldType.FLOAT: _float,
    FieldType.BOOL: _bool,
    FieldType.TEXT: _text,
    FieldType.CHOICE: _choice,
    FieldType.INT_LIST: _int_list,
    FieldType.MODEL: _reference,
    FieldType.DATASET: _reference,
}
