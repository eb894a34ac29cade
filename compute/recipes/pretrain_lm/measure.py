"""Held-out bits per byte, of a model and of the baselines it must beat."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.recipes.pretrain_lm.tokens import Ids

# (inputs, targets), each (windows, length) → negative log-likelihood in nats per target.
Losses = Callable[[Ids, Ids], np.ndarray[Any, Any]]
WINDOWS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Measured:
    """`standard_error` of bits per byte over windows of the held-out text."""

    bits_per_byte: float
    perplexity: float
    standard_error: float
    tokens: int
    bytes: int
    windows: int


def windows(ids: Ids, length: int) -> Iterator[tuple[Ids, Ids, np.ndarray[Any, Any]]]:
    """Batches of (inputs, targets, counted): every id but the first is a target exactly once."""
    count = len(ids) - 1
    rows = -(-count // length)
    rows_padded = -(-rows // WINDOWS_AT_ONCE) * WINDOWS_AT_ONCE
    inputs = np.zeros(rows_padded * length, np.int32)
    targets, counted = inputs.copy(), np.zeros(rows_padded * length, np.float64)
    inputs[:count], targets[:count], counted[:count] = ids[:-1], ids[1:], 1.0
    shape = (-1, WINDOWS_AT_ONCE, length)
    yield from zip(inputs.reshape(shape), targets.reshape(shape), counted.reshape(shape), strict=True)


def measure(losses: Losses, ids: Ids, text_bytes: int, length: int) -> Measured:
    """Each window is read without what stood before it."""
    sums, counts = [], []
    for inputs, targets, counted in windows(ids, length):
        sums.append((np.asarray(losses(inputs, targets), np.float64) * counted).sum(axis=1))
        counts.append(counted.sum(axis=1))
    nats, number = np.concatenate(sums), np.concatenate(counts)
    nats = nats[number > 0]
    total, tokens = float(nats.sum()), len(ids) - 1
    spread = float(nats.std(ddof=1)) * math.sqrt(len(nats)) if len(nats) > 1 else 0.0
    per_byte = math.log(2) * text_bytes
    return Measured(
        total / per_byte, math.exp(min(total / tokens, 700.0)), spread / per_byte, tokens, text_bytes, len(nats)
    )


def unigram_bits(train: Ids, held_out: Ids, symbols: int, text_bytes: int) -> float:
    """Bits per byte of a model that knows only how frequent each symbol is (add-one smoothing)."""
    counts = np.bincount(train, minlength=symbols) + 1.0
    costs = -np.log2(counts / counts.sum())
    return float(costs[held_out].sum() / text_bytes)


def byte_unigram_bits(train: Sequence[str], held_out: Sequence[str]) -> float:
    """The same over bytes."""
    seen = np.frombuffer("".join(train).encode(), np.uint8)
    asked = np.frombuffer("".join(held_out).encode(), np.uint8)
    return unigram_bits(seen.astype(np.int32), asked.astype(np.int32), 256, len(asked))
