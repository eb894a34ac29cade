from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compute.recipes.wrapper.attempts import Attempt, script
from tests.compute.recipes.wrapper.platform_stub import StubPlatform


@pytest.fixture
def platform() -> Iterator[StubPlatform]:
    stub = StubPlatform()
    yield stub
    stub.shut()


@pytest.fixture
def attempt(tmp_path: Path, platform: StubPlatform) -> Iterator[Callable[..., Attempt]]:
    """Makes attempts of one job; ends whatever they left behind."""
    made: list[Attempt] = []

    def make(text: str = "", *, command: list[str] | None = None, **changes: Any) -> Attempt:
        made.append(Attempt(tmp_path, platform, command or script(text), **changes))
        return made[-1]

    yield make
    for one in made:
        one.end_everything()
