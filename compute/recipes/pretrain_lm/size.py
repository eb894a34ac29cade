"""The shape of the model, known without building it. No jax here: the form asks too."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = 64


@dataclass(frozen=True, slots=True)
class Size:
    layers: int
    hidden: int
    vocabulary: int
    sequence: int

    @property
    def heads(self) -> int:
        return self.hidden // HEAD

    @property
    def intermediate(self) -> int:
        """SwiGLU width: 8/3 of the hidden size, rounded down to a multiple of 64, at least 64."""
        return max(64, self.hidden * 8 // 3 // 64 * 64)


def parameter_count(size: Size) -> int:
    """Trainable parameters; embedding and output share one matrix."""
    attention = 4 * size.hidden * size.hidden
    feed_forward = 3 * size.hidden * size.intermediate
    norms = 2 * size.hidden
    return size.vocabulary * size.hidden + size.layers * (attention + feed_forward + norms) + size.hidden
