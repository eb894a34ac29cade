"""Input files and the document that training reads."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable

from compute.recipes.wrapper.folder import RunFolder, write_json
from compute.recipes.wrapper.patience import persist
from compute.recipes.wrapper.plan import ExpectedFile, Plan
from compute.recipes.wrapper.platform_api import Damaged, Platform, Rejected

EXIT_INPUT = 66
log = logging.getLogger("wrapper")


class InputMissing(Exception):
    """An input cannot be had as it was promised; the text is the JSON line of a user's error."""


def fetch_inputs(
    plan: Plan, folder: RunFolder, platform: Platform, *, cancelled: threading.Event, is_over: Callable[[], bool]
) -> None:
    """Bring every input file, named by its hash, and write `inputs.json` with their paths."""
    folder.inputs.mkdir(exist_ok=True)
    for file in plan.input_files:
        _fetch(file, folder, platform, cancelled=cancelled, is_over=is_over)
    document = dict(plan.recipe_inputs)
    document["files"] = [
        {
            "field": file.field,
            "path": str(folder.inputs / file.sha256),
            "name": file.name,
            "bytes": file.bytes,
            "sha256": file.sha256,
        }
        for file in plan.input_files
    ]
    write_json(folder.recipe_inputs, document)


def _fetch(
    file: ExpectedFile,
    folder: RunFolder,
    platform: Platform,
    *,
    cancelled: threading.Event,
    is_over: Callable[[], bool],
) -> None:
    target = folder.inputs / file.sha256
    if target.exists():
        return
    for is_last in (False, True):
        try:
            persist(lambda: platform.fetch_input(file.sha256, file.bytes, target), cancelled=cancelled, is_over=is_over)
            return
        except Damaged as error:
            log.warning("%s", error)
            if is_last:
                raise _missing(file, "sha256", f"{file.name} arrived with other bytes than were stored.") from error
        except Rejected as error:
            raise _missing(file, "exists", f"{file.name} cannot be had: {error.status}.") from error


def _missing(file: ExpectedFile, rule: str, way_out: str) -> InputMissing:
    return InputMissing(json.dumps({"field": file.field, "rule": rule, "way_out": way_out}, ensure_ascii=False))
