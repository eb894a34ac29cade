"""The finished artefact on its way to the platform: every file, then the manifest that names them."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compute.recipes.wrapper.lease import LeaseKeeper
from compute.recipes.wrapper.patience import persist
from compute.recipes.wrapper.platform_api import Platform, Rejected

MANIFEST = "manifest.json"
ROUNDS = 3
log = logging.getLogger("wrapper")


class OutputUnusable(Exception):
    """What training left in its output folder is not what its manifest says."""


def deliver(output: Path, platform: Platform, lease: LeaseKeeper, *, cancelled: threading.Event) -> bool:
    """Upload until the platform has accepted the manifest; False if training committed no output.

    Raises OutputUnusable, LeaseLost, GivenUp, or Rejected when the platform keeps saying no.
    """
    try:
        data = (output / MANIFEST).read_bytes()
    except FileNotFoundError:
        return False
    manifest, files = _read(data, output)
    sha256 = hashlib.sha256(data).hexdigest()

    def send(call: Callable[[], None]) -> None:
        persist(lambda: lease.guard(call), cancelled=cancelled, is_over=lease.is_over)

    for rounds_left in range(ROUNDS - 1, -1, -1):
        try:
            for path, file_sha256 in files:
                send(functools.partial(platform.put_file, path, file_sha256, fence=lease.fence))
            send(functools.partial(platform.post_output, fence=lease.fence, sha256=sha256, manifest=manifest))
            return True
        except Rejected as error:
            log.warning("the output was refused: %s", error)
            if error.status != 422 or rounds_left == 0:
                raise
            _compare(files)
    raise AssertionError("the last round returns or raises")


def _read(data: bytes, output: Path) -> tuple[Any, list[tuple[Path, str]]]:
    try:
        manifest = json.loads(data)
        named = [(str(file["path"]), str(file["sha256"])) for file in manifest["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise OutputUnusable(f"{MANIFEST} cannot be read: {error!r}") from error
    root = output.resolve()
    files = []
    for name, sha256 in named:
        path = (output / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise OutputUnusable(f"{name} is named by {MANIFEST} but is no file of the output")
        files.append((path, sha256))
    return manifest, files


def _compare(files: list[tuple[Path, str]]) -> None:
    """After a refusal: tell a file that changed under its manifest from one that got lost on the way."""
    for path, sha256 in files:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise OutputUnusable(f"{path.name} differs from the sha256 in {MANIFEST}")
