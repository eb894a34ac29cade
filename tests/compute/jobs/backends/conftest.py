from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.backends import LocalStage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[LocalStage]:
    one = LocalStage(tmp_path)
    yield one
    attempts = one.root / "attempts"
    one.close([path.name for path in attempts.iterdir()] if attempts.is_dir() else [])
