"""Cards: README.md with YAML front matter, as the Hugging Face Hub writes them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

MAX_FRONT_BYTES = 1024 * 1024
MAX_DEPTH = 20
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_QUOTE = re.compile(r"(?m)^[ \t]*>[ \t]?")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*\s*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
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
    """The card with each missing sentence under a heading: the one that is there, else a new one at its end."""
    front = _FRONT.match(text)
    start = front.end() if front else 0
    body = text[start:]
    wanted = dict.fromkeys(" ".join(sentence.split()) for sentence in sentences)
    missing = [f"> {sentence}" for sentence in wanted if not has_sentence(body, sentence)]
    if not missing:
        return text
    above, below = _cut(body.rstrip(), heading)
    parts = [above.rstrip(), *missing, *([below] if below else [])]
    return text[:start] + "\n\n".join(parts) + "\n"


def _cut(body: str, heading: str) -> tuple[str, str]:
    """The text up to the end of what stands right under a heading, and the rest; without one it is added."""
    lines = body.split("\n")
    headings, fence = _outline(lines)
    ends = [line for line, _title in headings[1:]] + [len(lines)]
    for (_line, title), end in zip(headings, ends, strict=False):
        if _title_key(title) == _title_key(heading):
            return "\n".join(lines[:end]), "\n".join(lines[end:])
    closed = f"{body}\n{fence}" if fence else body
    return f"{closed}\n\n## {heading}", ""


def _title_key(title: str) -> str:
    """A heading without what makes no difference: case, colon, plural, British or American spelling."""
    return squeeze(title).strip(" :").replace("dgement", "dgment").removesuffix("s")


def _outline(lines: Sequence[str]) -> tuple[list[tuple[int, str]], str]:
    """([(line, title)] of the headings that stand in no code, the fence of code that never ends)."""
    found: list[tuple[int, str]] = []
    fence = before = ""
    for number, line in enumerate(lines):
        mark, heading = _FENCE.match(line), _HEADING.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not mark[2].strip() else fence
        elif mark:
            fence = mark[1]
        elif heading:
            found.append((number, heading[1]))
        elif before and _UNDERLINE.match(line):
            found.append((number - 1, before))
        before = "" if fence or mark or heading else line.strip()
    return found, fence


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
