"""The reload gate: a fresh process that has only the artefact and the data to measure it on.

    python -m compute.recipes.pretrain_lm.verify --artefact DIR --inputs FILE [--claimed BITS]

FILE is the document that RECIPE_INPUTS names. Prints one JSON object and exits 0 when the
artefact is sound and (with --claimed, or else by its own metrics.json) measures as claimed,
1 when it is refused.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from compute.recipes.pretrain_lm import measure, tokens
from compute.recipes.pretrain_lm.export import expected_shapes, weights_sha256
from compute.recipes.pretrain_lm.recipe import RECIPE
from compute.recipes.pretrain_lm.reference import Losses
from compute.recipes.pretrain_lm.size import HEAD, Size
from compute.recipes.pretrain_lm.text import read_text
from compute.recipes.runtime import manifest
from compute.recipes.runtime.allocator import keep_freed_memory
from compute.recipes.runtime.exits import RecipeExit
from compute.recipes.runtime.job import read_job
from compute.recipes.runtime.output import PICKLES

LIMIT = 0.005


class Refused(Exception):
    """The artefact must not be published."""


def relative_difference(claimed: float, measured: float) -> float:
    return abs(measured - claimed) / claimed if claimed > 0 else float("inf")


def require_no_pickle(folder: Path) -> None:
    found = sorted(path.name for path in folder.rglob("*") if path.suffix in PICKLES)
    if found:
        raise Refused(f"it holds pickles: {', '.join(found)}")


def require_own_files(folder: Path) -> None:
    """Once committed, every byte is the one that was committed."""
    if (folder / manifest.NAME).exists():
        try:
            manifest.verify_files(folder, manifest.read(folder))
        except manifest.Broken as problem:
            raise Refused(str(problem)) from problem


def read_config(folder: Path) -> tuple[dict[str, Any], Size]:
    try:
        config = json.loads((folder / "config.json").read_text())
        size = Size(
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            vocabulary=config["vocab_size"],
            sequence=config["max_position_embeddings"],
        )
        fixed = (config["model_type"], config["tie_word_embeddings"], config["head_dim"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Refused(f"config.json cannot be read: {problem!r}") from problem
    if fixed != ("llama", True, HEAD):
        raise Refused(f"config.json describes another kind of model: {fixed}")
    return config, size


def read_tensors(folder: Path, size: Size) -> dict[str, Any]:
    """The weights. Refused when a tensor is missing, unexpected, misshapen or not finite."""
    try:
        tensors = load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as problem:
        raise Refused(f"model.safetensors cannot be read: {problem}") from problem
    expected = expected_shapes(size)
    if missing := sorted(expected.keys() - tensors.keys()):
        raise Refused(f"missing tensors: {', '.join(missing)}")
    if unexpected := sorted(tensors.keys() - expected.keys()):
        raise Refused(f"unexpected tensors: {', '.join(unexpected)}")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name]:
            raise Refused(f"{name} has shape {tensor.shape} instead of {expected[name]}")
        if not np.isfinite(tensor).all():
            raise Refused(f"{name} holds values that are no numbers")
    return tensors


def measure_artefact(folder: Path, inputs: Mapping[str, str]) -> dict[str, Any]:
    """Everything measured again from the files. Raises Refused."""
    require_no_pickle(folder)
    require_own_files(folder)
    config, size = read_config(folder)
    tensors = read_tensors(folder, size)
    try:
        tokenizer = tokens.load(folder)
    except Exception as problem:
        raise Refused(f"tokenizer.json cannot be read: {problem}") from problem
    if tokenizer.get_vocab_size() > size.vocabulary:
        raise Refused(f"the tokenizer has {tokenizer.get_vocab_size()} tokens, the model {size.vocabulary}")
    text = read_text(read_job(RECIPE, inputs))
    ids = tokens.stream(tokenizer, text.held_out)
    result = measure.measure(Losses(tensors, config), ids, text.held_out_bytes, size.sequence)
    if not math.isfinite(result.bits_per_byte):
        raise Refused("its predictions are no numbers")
    return {
        "bits_per_byte": result.bits_per_byte,
        "perplexity": result.perplexity,
        "tokens": result.tokens,
        "parameters": sum(tensor.size for tensor in tensors.values()),
        "weights_sha256": weights_sha256(tensors),
        "held_out_sha256": text.held_out_sha256,
    }


def verdict(folder: Path, inputs: Mapping[str, str], claimed: float | None) -> dict[str, Any]:
    """`passed`, both numbers, and the reason when refused."""
    try:
        found = measure_artefact(folder, inputs)
        if claimed is None:
            claimed = _claimed(folder)
        difference = relative_difference(claimed, found["bits_per_byte"])
        passed = difference <= LIMIT
        reason = "" if passed else f"claimed {claimed:.4f} bits per byte, measured {found['bits_per_byte']:.4f}"
        answer = {**found, "claimed": claimed, "difference": difference}
        return {**answer, "limit": LIMIT, "passed": passed, "reason": reason}
    except Refused as problem:
        return {"passed": False, "limit": LIMIT, "claimed": claimed, "reason": str(problem)}


def _claimed(folder: Path) -> float:
    try:
        metrics = json.loads((folder / "metrics.json").read_text())
        return float(metrics["values"]["bits_per_byte"]["value"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Refused(f"metrics.json claims nothing: {problem!r}") from problem


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure a saved model again.")
    parser.add_argument("--artefact", type=Path, required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--claimed", type=float)
    options = parser.parse_args(arguments)
    keep_freed_memory()
    scratch = str(options.artefact)
    # The three folders are not used here; read_job wants to know them all.
    folders = dict.fromkeys(("RECIPE_WORK", "RECIPE_CHECKPOINTS", "RECIPE_OUTPUT"), scratch)
    try:
        answer = verdict(options.artefact, {"RECIPE_INPUTS": options.inputs, **folders}, options.claimed)
    except RecipeExit as end:
        sys.stderr.write(end.line + "\n")
        return int(end.code)
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
    return 0 if answer["passed"] else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
