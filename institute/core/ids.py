"""Identifiers shown outside: opaque, sortable by time, never row numbers."""

from ulid import ULID

ULID_LENGTH = 26


def new_ulid() -> str:
    """A fresh ULID as 26 upper-case characters of Crockford's base 32."""
    return str(ULID())


def is_ulid(text: str) -> bool:
    """True if `text` has the form of a ULID."""
    try:
        return str(ULID.from_str(text)) == text
    except ValueError:
        return False
