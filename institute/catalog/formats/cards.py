"""Cards: README.md with YAML front matter, as the Hugging Face Hub writes them."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

MAX_FRONT_BYTES = 1024 * 1024
MAX_DEPTH = 20
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_QUOTE = re.compile(r"(?m)^[ \t]*>[ \t]?")
_SPACE = re.compile(r"\s+")


class BadCard(ValueError):
    """The front matter cannot be read; the message says why."""


class _Loader(yaml.SafeLoader):
    """YAML without aliases: a few lines of them can grow to gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise BadCard("The front matter uses a YAML alias.")
        return super().compose_node(parent, index)


def split(text: str) -> tuple[dict[str, Any], str]:
    """(front matter, body) of a card. Raises BadCard if the front matter is no YAML mapping we accept."""
    found = _FRONT.match(text)
    if found is None:
        return {}, text
    if len(found.group(1).encode()) > MAX_FRONT_BYTES:
        raise BadCard("The front matter is longer than 1 MiB.")
    try:
        front = yaml.load(found.group(1), Loader=_Loader)  # noqa: S506  (a SafeLoader, stricter)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadCard(f"The front matter is no valid YAML: {error}") from None
    if front is None:
        front = {}
    if not isinstance(front, dict) or _depth(front) > MAX_DEPTH:
        raise BadCard("The front matter is no mapping of at most 20 levels.")
    return _plain(front), text[found.end() :]


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(child) for child in children), default=0)


def _plain(value: Any) -> Any:
    """The value as JSON can hold it: keys and dates as text."""
    if isinstance(value, dict):
        return {str(key): _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def join(front: Mapping[str, Any], body: str) -> str:
    """A card from both halves."""
    if not front:
        return body
    text = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True, default_flow_style=False, width=1000)
    return f"---\n{text}---\n\n{body.lstrip()}"


def squeeze(text: str) -> str:
    """The text without quote marks, emphasis and line breaks: how sentences are compared."""
    return _SPACE.sub(" ", _QUOTE.sub("", text).replace("*", "").replace("_", " ")).strip().casefold()


def has_sentence(text: str, sentence: str) -> bool:
    """Whether the card's body holds the sentence, however it is wrapped or quoted."""
    return squeeze(sentence) in squeeze(text)


def with_sentences(text: str, sentences: list[str], heading: str) -> str:
    """The card with each missing sentence under a heading at its end."""
    wanted = dict.fromkeys(" ".join(sentence.split()) for sentence in sentences)
    missing = [sentence for sentence in wanted if not has_sentence(text, sentence)]
    if not missing:
        return text
    quoted = "\n\n".join(f"> {sentence}" for sentence in missing)
    return f"{text.rstrip()}\n\n## {heading}\n\n{quoted}\n"


def first_paragraph(body: str, longest: int = 300) -> str:
    """The first line of prose of a card, for lists."""
    for block in re.split(r"\n\s*\n", body):
        line = " ".join(block.split())
        if line and not line.startswith(("#", "|", "```", "<", ">", "!", "-", "*", "---")):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line).replace("`", "").replace("**", "")
            return plain if len(plain) <= longest else plain[: longest - 1].rsplit(" ", 1)[0] + "…"
    return ""


def with_front(text: str, **values: Any) -> str:
    """The card with front matter values set; an empty value takes the key out."""
    front, body = split(text)
    merged = {key: value for key, value in (front | values).items() if value not in ("", None, [])}
    return join(merged, body)
