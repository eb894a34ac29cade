"""Badges: each status has one tone, named once; text, colour and shape follow from it."""

from enum import StrEnum
from typing import Any

from django.db.models import Choices, Model
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

ChoicesType = type[Choices]


class Tone(StrEnum):
    """What a status means for the person who reads it; the style sheet gives each a colour and a shape."""

    OK = "ok"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    REST = "rest"


_tones: dict[ChoicesType, dict[Any, Tone]] = {}


def register(choices: ChoicesType, tones: dict[Any, Tone | str]) -> None:
    """Give every member of `choices` its tone; call it once, from the app's `ready()`.

    Raises ValueError when a member has none or a tone names no member.
    """
    members = list(choices)
    missing = [member.value for member in members if member not in tones]
    foreign = [key for key in tones if key not in members]
    if missing or foreign:
        raise ValueError(f"Tones of {choices.__name__}: missing {missing}, foreign {foreign}")
    _tones[choices] = {member: Tone(tones[member]) for member in members}


def choices_of(obj: Model, field: str = "status") -> ChoicesType | None:
    """The registered enum behind a model's field: by `transitions` for the status, else by equal choices."""
    if field == "status" and (transitions := getattr(type(obj), "transitions", None)):
        return type(next(iter(transitions)))
    declared = getattr(obj._meta.get_field(field), "choices", None)
    return next((enum for enum in _tones if declared and list(enum.choices) == list(declared)), None)


def tone_of(choices: ChoicesType, value: Any) -> Tone:
    """The tone of one value; `rest` for an enum without tones."""
    return _tones.get(choices, {}).get(choices(value), Tone.REST)


def badge(tone: Tone | str, text: str | Promise) -> SafeString:
    """A badge with a text of its own, where no status stands behind it."""
    return format_html('<span class="badge {}">{}</span>', Tone(tone).value, text)


def label_for(obj: Any, value: str, field: str = "status") -> str:
    """What people read for a value that the instance's `field` has or had."""
    choices = choices_of(obj, field)
    return str(choices(value).label) if choices and value in choices.values else value


def badge_for(obj: Any, field: str = "status") -> SafeString:
    """The badge of an enum member, or of a model instance's `field`."""
    if isinstance(obj, Choices):
        return badge(tone_of(type(obj), obj), obj.label)
    value = getattr(obj, field)
    choices = choices_of(obj, field)
    if choices is None:
        return badge(Tone.REST, str(getattr(obj, f"get_{field}_display", lambda: value)()))
    return badge(tone_of(choices, value), choices(value).label)
