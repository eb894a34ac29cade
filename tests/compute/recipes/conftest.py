from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compute.recipes.training import Training

Walk = Callable[..., Training]


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """Makes jobs of the standard-library runner; ends what they left running."""
    made: list[Training] = []

    def make(**inputs: Any) -> Training:
        inputs = {"max_steps": 8, "step_ms": 1, "checkpoint_every_steps": 3} | inputs
        made.append(Training(tmp_path / f"job-{len(made)}", "tests.compute.recipes.stdlib_runner", "web", inputs))
        return made[-1]

    yield make
    for training in made:
        training.close()
