"""Names in an order that people expect: the database sorts by code point, so a folded key is stored."""

import unicodedata


def sort_key(name: str) -> str:
    """`name` without accents and case: "Élan" sorts beside "elan"."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()[:200]
