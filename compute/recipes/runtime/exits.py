"""How a recipe ends: codes the platform understands, and one JSON line that explains them."""

from __future__ import annotations

import json
from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    BAD_INPUTS = 64
    BAD_DATA = 65
    INPUT_MISSING = 66
    RUN_AGAIN = 75
    NOT_ALLOWED = 77
    IMPOSSIBLE_HERE = 78


class RecipeExit(Exception):
    """End now with `code`. The three sentences become the last line on stderr."""

    code = Exit.BAD_INPUTS

    def __init__(self, field: str, rule: str, way_out: str) -> None:
        super().__init__(f"{rule} {way_out}")
        self.line = json.dumps({"field": field, "rule": rule, "way_out": way_out}, ensure_ascii=False)


class BadInputs(RecipeExit):
    code = Exit.BAD_INPUTS


class BadData(RecipeExit):
    code = Exit.BAD_DATA


class InputMissing(RecipeExit):
    code = Exit.INPUT_MISSING


class NotAllowed(RecipeExit):
    code = Exit.NOT_ALLOWED


class ImpossibleHere(RecipeExit):
    code = Exit.IMPOSSIBLE_HERE


class RunAgain(Exception):
    """Nothing is wrong with the job: it was asked to stop, or its lease is gone (exit 75)."""


class LeaseLost(RunAgain):
    """Another attempt holds the lease, or it has run out: nothing may be committed any more."""
