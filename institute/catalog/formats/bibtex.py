"""BibTeX entries as text."""

import re
from collections.abc import Mapping, Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "_": r"\_",
}


def escape(text: str) -> str:
    """The text with TeX's special characters made plain."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def key_of(author: str, year: str, title: str) -> str:
    """A citation key such as "lovelace2026swahili"."""
    family = author.split()[-1] if author.split() else "anonymous"
    word = next((word for word in re.findall(r"\w+", title) if len(word) > 3), "untitled")
    return re.sub(r"[^a-z0-9]", "", f"{family}{year}{word}".lower()) or "entry"


def entry(kind: str, key: str, authors: Sequence[str], fields: Mapping[str, str]) -> str:
    """One entry; fields without a value are left out. Names stand in braces, so that no part is reordered."""
    lines = [f"@{kind}{{{key},"]
    if authors:
        lines.append(f"  author = {{{' and '.join(f'{{{escape(author)}}}' for author in authors)}}},")
    lines += [f"  {name} = {{{value if name == 'url' else escape(value)}}}," for name, value in fields.items() if value]
    return "\n".join([*lines, "}"]) + "\n"
