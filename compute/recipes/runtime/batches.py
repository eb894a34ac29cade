"""Batches are a function of (seed, step, rank): no loader has a state that could be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy


def generator(seed: int, step: int, rank: int = 0) -> numpy.random.Generator:
    """The random numbers of one step on one rank."""
    import numpy  # the runtime also serves recipes whose environment has no numpy

    return numpy.random.Generator(numpy.random.Philox(key=seed, counter=[0, 0, rank, step]))
