"""The tracker's intake: asked before training starts, because its SDK dies when nobody answers.

Away at the start means that the run is recorded on disk and sent when training has ended.
"""

from __future__ import annotations

import http.client
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

PROBE_TIMEOUT_S = 5.0
PROBES = 2
log = logging.getLogger("wrapper")


def tracker_mode(environment: Mapping[str, str]) -> dict[str, str]:
    """The variable that switches tracking to disk if its server does not answer now, else nothing."""
    url = environment.get("WANDB_BASE_URL", "")
    if not url or environment.get("WANDB_MODE", "online") != "online" or answers(url):
        return {}
    log.warning("the tracker at %s does not answer: the run is recorded offline", url)
    return {"WANDB_MODE": "offline"}


def answers(url: str) -> bool:
    """Whether somebody speaks HTTP there and does not report a fault of its own."""
    for turn in range(PROBES):
        if turn:
            time.sleep(0.5)
        try:
            with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_S):  # noqa: S310 (an operator's setting)
                return True
        except urllib.error.HTTPError as error:
            with error:
                if error.code < 500:
                    return True
        except (OSError, http.client.HTTPException, ValueError) as error:
            log.info("tracker probe: %s", error)
    return False


def offline_runs(environment: Mapping[str, str]) -> list[Path]:
    return sorted(Path(environment["WANDB_DIR"]).glob("wandb/offline-run-*"))


def sync_command(interpreter: str, runs: list[Path]) -> list[str]:
    return [interpreter, "-m", "wandb", "sync", "--include-online", *map(str, runs)]
