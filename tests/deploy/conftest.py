"""Platforms started by their real command."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.embedded.ports import free_port
from tests.deploy.launched import Launched, launch


@pytest.fixture
def start_platform(tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    """`start_platform()` runs one and waits until it serves; `wait=False` does not wait.

    pytest's own tmp_path lets only its owner enter: as root, these data folders are the hard case.
    """
    launched: list[Launched] = []

    def start(
        data: Path | None = None, *words: str, port: int = 0, env: dict[str, str] | None = None, wait: bool = True
    ) -> Launched:
        output = tmp_path / f"output-{len(launched)}.txt"
        platform = launch(data or tmp_path / "data", port or free_port(), output, *words, env=env)
        launched.append(platform)
        if wait:
            platform.wait_for("Ctrl-C stops everything")
        return platform

    try:
        yield start
    finally:
        with ExitStack() as ends:  # each is ended, also when ending another fails or is interrupted
            for platform in launched:
                ends.callback(platform.end)
