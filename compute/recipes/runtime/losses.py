"""The rule for a loss that is no number: skip the step; three in a row end the job."""

from __future__ import annotations

import math

from compute.recipes.runtime.exits import BadData
from compute.recipes.runtime.log import say

LIMIT = 3


class LossGuard:
    """Counts steps whose loss was not finite; the recipe must not have applied them."""

    def __init__(self, in_a_row: int = 0) -> None:
        self.in_a_row = in_a_row

    def see(self, step: int, loss: float) -> None:
        """Raise BadData (65) at the third loss in a row that is not finite."""
        if math.isfinite(loss):
            self.in_a_row = 0
            return
        self.in_a_row += 1
        say(f"step {step}: the loss is {loss}, the step was skipped ({self.in_a_row} in a row)")
        if self.in_a_row >= LIMIT:
            raise BadData(
                "learning_rate",
                f"The loss was not finite in {LIMIT} steps in a row, last at step {step}.",
                "Choose a lower learning rate, or look for broken records in the data.",
            )
