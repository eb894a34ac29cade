"""The declaration of one input of a recipe, and the answer when a value is refused.

Form, API, command line and `train.py` read the same declarations. Standard library only:
this module is imported by the web process and inside every job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as declare
from enum import StrEnum
from typing import Any


def gettext_noop(message: str) -> str:
    """Mark `message` for extraction; it is translated where it is shown."""
    return message


_ = gettext_noop


class FieldType(StrEnum):
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    TEXT = "text"
    CHOICE = "choice"
    INT_LIST = "int_list"
    MODEL = "model"
    DATASET = "dataset"


REFERENCES = frozenset({FieldType.MODEL, FieldType.DATASET})


class Scale(StrEnum):
    LINEAR = "linear"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Accepts:
    """Which catalogue objects a MODEL or DATASET field takes."""

    kind: str
    families: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VisibleIf:
    """The field counts only while the choice field `name` has one of `values`."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input. Limits are inclusive; for TEXT and INT_LIST `maximum` limits the length.

    `default=None` means "no value". `required` refuses a missing value where there is no default,
    and a value explicitly emptied. INT_LIST limits its items by `minimum` and `item_maximum`.
    """

    name: str
    type: FieldType
    label: str
    help: str = ""
    default: Any = None
    required: bool = True
    minimum: int | float | None = None
    maximum: int | float | None = None
    item_maximum: int | None = None
    multiple_of: int | None = None
    scale: Scale = Scale.LINEAR
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    advanced: bool = False
    visible_if: VisibleIf | None = None
    accepts: Accepts | None = None
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value cannot be used: which field, which rule, and the way out, in plain English.

    `translated` renders the same sentences in another language; `params` hold what they name.
    """

    field: str
    rule: str
    way_out: str
    msgids: tuple[str, str] = ("", "")
    params: Mapping[str, Any] = declare(default_factory=dict)

    def translated(self, translate: Callable[[str], str]) -> Refusal:
        """The refusal in the language of `translate` (the field's label included)."""
        params = dict(self.params)
        if "label" in params:
            params["label"] = translate(str(params["label"]))
        rule, way_out = (translate(msgid) % params if msgid else "" for msgid in self.msgids)
        return Refusal(self.field, rule or self.rule, way_out or self.way_out, self.msgids, self.params)

    def as_json(self) -> dict[str, str]:
        return {"field": self.field, "rule": self.rule, "way_out": self.way_out}


def refuse(name: str, rule: str, way_out: str, /, **params: Any) -> Refusal:
    """A refusal from two message templates (`%(label)s must be …`) and what they name."""
    return Refusal(name, rule % params, way_out % params, (rule, way_out), params)
