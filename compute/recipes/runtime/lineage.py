"""Whom a model owes its compute to, as the platform tells the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def acknowledgements(lineage: Mapping[str, Any]) -> list[str]:
    """One sentence per donor.

    `lineage["donors"]` holds public ids, or objects with "name" and "acknowledgement" where the
    donor agreed to be named; a bare id is said as such, the platform replaces it when publishing.
    """
    sentences = []
    for donor in lineage.get("donors") or []:
        if isinstance(donor, Mapping):
            sentence = donor.get("acknowledgement") or f"Compute was donated by {donor.get('name') or donor.get('id')}."
        else:
            sentence = f"Compute was donated by donor {donor}."
        sentences.append(str(sentence))
    return sentences


def origin_rows(lineage: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the card's table of origin shows: label, public ids."""
    rows = [(label, lineage.get(label)) for label in ("project", "allocation", "job", "attempt")]
    rows.append(("pledges", ", ".join(str(_id(p)) for p in lineage.get("pledges") or [])))
    return [(label, str(_id(value))) for label, value in rows if value]


def _id(entry: Any) -> Any:
    return entry.get("id", entry) if isinstance(entry, Mapping) else entry
