"""Where a model comes from, as the platform tells the job; whom to thank, the platform says when it publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def origin_rows(lineage: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the card's table of origin shows: label, public ids."""
    rows = [(label, lineage.get(label)) for label in ("project", "allocation", "job", "attempt")]
    rows += [(label, ", ".join(lineage.get(label) or [])) for label in ("pledges", "donors")]
    return [(label, str(value)) for label, value in rows if value]
