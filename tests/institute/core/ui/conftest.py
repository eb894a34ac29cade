"""What these tests share."""

from pathlib import Path

import pytest
from django.conf import settings

from institute.core.ui import navigation


@pytest.fixture(autouse=True, scope="session")
def static_root() -> None:
    """Deployment makes this folder; whitenoise warns where it is missing."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def uncounted_donors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The footer's count is cached for minutes; its one query would hide among those counted here."""
    monkeypatch.setattr(navigation, "_paid_by", [])
