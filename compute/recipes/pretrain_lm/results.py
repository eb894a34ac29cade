"""What was measured, in the form of `metrics.json`: values, baselines, gates."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from compute.recipes.pretrain_lm import measure
from compute.recipes.pretrain_lm.measure import Measured
from compute.recipes.pretrain_lm.text import Text
from compute.recipes.pretrain_lm.tokens import Ids
from compute.recipes.pretrain_lm.verify import LIMIT
from compute.recipes.registry import CODE_ROOT

# A model that is hardly better than counting tokens has learnt nothing worth publishing.
MARGIN = 0.95


def baselines(text: Text, train: Ids, held_out: Ids, symbols: int) -> dict[str, Any]:
    token = measure.unigram_bits(train, held_out[1:], symbols, text.held_out_bytes)
    return {
        "token_unigram": {"bits_per_byte": token},
        "byte_unigram": {"bits_per_byte": measure.byte_unigram_bits(text.train, text.held_out)},
    }


def values(measured: Measured, tokens_per_second: float) -> dict[str, Any]:
    per_token = measured.standard_error * math.log(2) * measured.bytes / measured.tokens
    return {
        "bits_per_byte": {
            "value": measured.bits_per_byte,
            "n": measured.tokens,
            "standard_error": measured.standard_error,
            "unit": "bits",
        },
        "perplexity": {
            "value": measured.perplexity,
            "n": measured.tokens,
            "standard_error": measured.perplexity * per_token,
            "unit": "",
        },
        "tokens_per_second": {"value": tokens_per_second, "n": 1, "standard_error": None, "unit": "tokens/s"},
    }


def baseline_gate(measured: Measured, baseline: float) -> dict[str, Any]:
    limit = MARGIN * baseline
    return {
        "name": "beats_baseline",
        "says": f"bits per byte at most {MARGIN:.0%} of a unigram model of the same tokens",
        "value": measured.bits_per_byte,
        "limit": limit,
        "passed": measured.bits_per_byte <= limit,
    }


def reload_gate(artefact: Path, inputs: str, claimed: float) -> dict[str, Any]:
    """Ask a fresh process. What it cannot measure is a failed gate, with its reason."""
    command = [sys.executable, "-m", "compute.recipes.pretrain_lm.verify"]
    command += ["--artefact", str(artefact), "--inputs", inputs, "--claimed", repr(claimed)]
    done = subprocess.run(command, cwd=CODE_ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        answer = {"passed": False, "reason": f"the fresh process ended with {done.returncode}: {done.stderr[-500:]}"}
    return {
        "name": "reload",
        "says": "a fresh process measures the same from the saved files (relative difference)",
        # 1 stands for "nothing could be measured": a gate's value is always a number.
        "value": answer.get("difference", 1.0),
        "limit": LIMIT,
        "passed": bool(answer["passed"]),
        "measured": answer.get("bits_per_byte"),
        "claimed": claimed,
        "reason": answer.get("reason", ""),
    }
