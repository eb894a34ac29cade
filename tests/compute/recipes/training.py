"""Runs a recipe's `train.py` as the wrapper would: a process, a folder, variables, a lease file."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from compute.recipes.registry import CODE_ROOT

DEADLINE_S = 240.0


def interpreter(environment: str) -> str:
    """The interpreter of a recipe environment. A missing one fails: these tests are never skipped."""
    if environment == "web":
        return sys.executable
    path = CODE_ROOT / f".venv-{environment}" / "bin" / "python"
    if not path.exists():
        pytest.fail(f"The environment {path.parents[1].name} is missing: `make test` installs it.")
    return str(path)


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    log: str
    errors: str
    cpu_seconds: float

    @property
    def refusal(self) -> dict[str, str]:
        """The JSON object in the last line of stderr."""
        answer: dict[str, str] = json.loads(self.errors.splitlines()[-1])
        assert set(answer) == {"field", "rule", "way_out"}
        return answer


class Training:
    """One job in `root`; `start` may be called again for each of its attempts."""

    def __init__(self, root: Path, recipe: str, environment: str, inputs: Mapping[str, Any]) -> None:
        self.root = root
        self.module = f"{recipe}.train"
        self.python = interpreter(environment)
        self.document: dict[str, Any] = {
            "inputs": dict(inputs),
            "files": [],
            "lineage": {"job": "01JOB", "attempt": "01ATTEMPT", "donors": ["01DONOR"], "pledges": ["01PLEDGE"]},
            "hardware": {"accelerator_type": "cpu"},
            "recipe": {"image_digest": "digest"},
        }
        self.environ: dict[str, str] = {}
        self.grace_s = 30
        self.process: subprocess.Popen[bytes] | None = None
        self._cpu_before = 0.0
        root.mkdir(parents=True, exist_ok=True)

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def output(self) -> Path:
        return self.root / "output"

    def checkpoint(self, fence: int, step: int) -> Path:
        return self.checkpoints / str(fence) / str(step)

    def steps(self, fence: int = 1) -> list[int]:
        folder = self.checkpoints / str(fence)
        return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit()) if folder.exists() else []

    def add_file(self, name: str, content: bytes, **changes: Any) -> None:
        path = self.root / f"input-{len(self.document['files'])}"
        path.write_bytes(content)
        entry = {"field": "dataset", "path": str(path), "name": name, "bytes": len(content)}
        self.document["files"].append(entry | {"sha256": hashlib.sha256(content).hexdigest()} | changes)

    def grant(self, fence: int = 1, *, seconds: float = 900, checkpoint_by: datetime | None = None) -> None:
        """Write the lease file as the wrapper does at each renewal."""
        lease = {
            "fence": fence,
            "expires_at": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(),
            "checkpoint_by": checkpoint_by and checkpoint_by.isoformat(),
        }
        draft = self.root / "lease.draft"
        draft.write_text(json.dumps(lease))
        draft.replace(self.root / "lease.json")

    def start(self, *, fence: int = 1, resume: Path | None = None, prefix: tuple[str, ...] = ()) -> None:
        document = self.root / "inputs.json"
        document.write_text(json.dumps(self.document))
        if not (self.root / "lease.json").exists():
            self.grant(fence)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PYTHONHASHSEED": "0",
            "RECIPE_INPUTS": str(document),
            "RECIPE_WORK": str(self.root / "work"),
            "RECIPE_CHECKPOINTS": str(self.checkpoints),
            "RECIPE_OUTPUT": str(self.output),
            "RECIPE_RESUME": str(resume / "manifest.json") if resume else "",
            "RECIPE_FENCE": str(fence),
            "RECIPE_LEASE": str(self.root / "lease.json"),
            "RECIPE_GRACE_S": str(self.grace_s),
            **self.environ,
        }
        self._cpu_before = _children_cpu()
        with (self.root / "log").open("wb") as log, (self.root / "errors").open("wb") as errors:
            self.process = subprocess.Popen(
                [*prefix, self.python, "-m", self.module], cwd=CODE_ROOT, env=environ, stdout=log, stderr=errors
            )

    def log(self) -> str:
        return (self.root / "log").read_text()

    def wait_for(self, text: str) -> None:
        """Until a line of the log says `text`."""
        assert self.process is not None
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.log():
            assert self.process.poll() is None, f"ended before {text!r}:\n{self.log()}\n{self._errors()}"
            assert time.monotonic() < deadline, f"no {text!r} in time:\n{self.log()}"
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self) -> Ended:
        assert self.process is not None
        code = self.process.wait(DEADLINE_S)
        return Ended(code, self.log(), self._errors(), _children_cpu() - self._cpu_before)

    def run(self, *, fence: int = 1, resume: Path | None = None, prefix: tuple[str, ...] = ()) -> Ended:
        self.start(fence=fence, resume=resume, prefix=prefix)
        return self.end()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def manifest(self, folder: Path | None = None) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(((folder or self.output) / "manifest.json").read_bytes())
        return document

    def metrics(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.output / "metrics.json").read_text())
        return document

    def _errors(self) -> str:
        return (self.root / "errors").read_text()


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def gate(metrics: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in metrics["gates"] if entry["name"] == name)
    return found
