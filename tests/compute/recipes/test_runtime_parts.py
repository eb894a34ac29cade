"""Small parts of the runtime that need no process."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compute.recipes.runtime import energy, losses
from compute.recipes.runtime.disk import canonical_json
from compute.recipes.runtime.exits import BadData, LeaseLost
from compute.recipes.runtime.lease import Lease
from compute.recipes.runtime.lineage import origin_rows

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def lease_file(folder: Path, **changes: object) -> Path:
    path = folder / "lease.json"
    lease = {"fence": 4, "expires_at": (NOW + timedelta(minutes=15)).isoformat(), "checkpoint_by": None}
    path.write_text(json.dumps(lease | changes))
    return path


def test_canonical_json_has_one_form_and_refuses_what_json_has_not() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


def test_a_current_lease_may_commit_until_five_seconds_before_its_end(tmp_path: Path) -> None:
    lease = Lease(lease_file(tmp_path), 4)
    lease.require_may_commit(NOW)
    lease.require_may_commit(NOW + timedelta(minutes=14, seconds=54))
    with pytest.raises(LeaseLost, match="the lease ends at"):
        lease.require_may_commit(NOW + timedelta(minutes=14, seconds=55))


@pytest.mark.parametrize("fence", [3, 5])
def test_a_lease_with_another_fence_is_lost(tmp_path: Path, fence: int) -> None:
    with pytest.raises(LeaseLost, match=f"fence 4 holds the lease, this attempt has {fence}"):
        Lease(lease_file(tmp_path), fence).require_current_fence()


@pytest.mark.parametrize(
    "changes", [{"expires_at": "2026-03-01T12:15:00"}, {"expires_at": None}, {"fence": "x"}, {"checkpoint_by": 5}]
)
def test_a_lease_that_makes_no_sense_is_lost(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(LeaseLost, match="cannot be read"):
        Lease(lease_file(tmp_path, **changes), 4).read()


def test_by_hand_there_is_no_lease_to_lose() -> None:
    Lease(None, 1).require_may_commit(NOW)


def test_only_three_losses_in_a_row_end_training() -> None:
    guard = losses.LossGuard()
    for step, loss in enumerate([float("nan"), float("inf"), 1.0, float("nan"), float("-inf")], start=1):
        guard.see(step, loss)
    with pytest.raises(BadData):
        guard.see(6, float("nan"))


def test_energy_without_counters_is_a_constant_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(energy, "RAPL", tmp_path)
    start, end = energy.Reading(0.0, 1.0, {}), energy.Reading(60.0, 37.0, energy.read().counters)
    report = energy.report(start, end, coverage=0.5)
    row = report["rows"][0]
    assert (row["joules"], row["method"], row["scope"], row["coverage"]) == (360, "constant", "process", 0.5)
    assert row["cpu_seconds"] == 36.0
    assert "assumed, not measured" in row["source"]
    assert report["rows"][1]["method"] == "unmeasured"
    assert report["total"] == {"joules": 360, "method": "constant", "parts": ["cpu"]}


def test_energy_from_the_processors_own_counters_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    counter.parent.mkdir()
    monkeypatch.setattr(energy, "RAPL", tmp_path)
    counter.write_text("1000000\n")
    start = energy.read()
    counter.write_text("151000000\n")
    row = energy.report(start, energy.read())["rows"][0]
    assert (row["joules"], row["method"], row["scope"]) == (150, "measured", "machine")
    counter.write_text("5\n")
    assert energy.report(start, energy.read())["rows"][0]["method"] == "constant"


def test_origin_lists_what_is_known() -> None:
    lineage = {"job": "01J", "allocation": "01L", "pledges": ["01P", "01Q"], "donors": ["01D"], "project": None}
    expected = [("allocation", "01L"), ("job", "01J"), ("pledges", "01P, 01Q"), ("donors", "01D")]
    assert origin_rows(lineage) == expected
    assert origin_rows({}) == []
