"""Leaves the measurements out of every run that does not name them."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """True for everything here unless an argument of the command line names this folder."""
    return None if any("bench" in argument for argument in config.args) else True
