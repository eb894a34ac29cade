"""Run folders and real wrappers for tests, and what must be true of every process afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from compute.recipes.wrapper import processes
from compute.recipes.wrapper.folder import RunFolder, new_ulid, read_json, write_json
from tests.compute.recipes.wrapper.platform_stub import TOKEN, StubPlatform

CODE_ROOT = Path(__file__).parents[4]
JOB = "01JOB"
TRACKER_KEY = "k" * 40


def wait_for(condition: Callable[[], Any], *, within_s: float = 30, what: str = "") -> Any:
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what or condition}"
        time.sleep(0.02)
    return value


class Attempt:
    """One run folder; `start` runs its wrapper as our child, so that a test reads its exit code."""

    def __init__(self, root: Path, platform: StubPlatform, command: list[str], **changes: Any) -> None:
        self.id = new_ulid()
        self.uid = new_ulid()
        self.job = platform.open_attempt(self.id, JOB)
        self.platform = platform
        self.checkpoints = root / "checkpoints"
        self.folder = RunFolder(root / self.id.lower())
        self.folder.path.mkdir(parents=True)
        self.process: subprocess.Popen[bytes] | None = None
        self._write(root, command, changes)

    def _write(self, root: Path, command: list[str], changes: Mapping[str, Any]) -> None:
        spec = {
            "attempt_id": self.id,
            "platform_url": self.platform.url,
            "command": command,
            "recipe_inputs": {"inputs": {}, "lineage": {"attempt": self.id, "job": JOB}, "hardware": {}, "recipe": {}},
            "input_files": [],
            "env": {},
            "cpu_millis": 1000,
            "memory_bytes": 512 << 20,
            "disk_bytes": 0,
            "wall_limit_s": 60,
            "grace_s": 5,
        }
        document = {
            "uid": self.uid,
            "interpreter": sys.executable,
            "code_root": str(CODE_ROOT),
            "checkpoints": str(self.checkpoints),
            "cache": str(root / "cache"),
            "node": "here",
            "log_limit_bytes": changes.pop("log_limit_bytes", 1 << 20),
            "spec": {**spec, **changes},
        }
        write_json(self.folder.spec, document)
        write_json(self.folder.secrets, {"HEADWATERS_JOB_TOKEN": TOKEN, "WANDB_API_KEY": TRACKER_KEY})

    def start(self) -> subprocess.Popen[bytes]:
        with self.folder.wrapper_log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-S", "-E", "-m", "compute.recipes.wrapper", str(self.folder.path)],
                cwd=CODE_ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={"PATH": os.environ["PATH"]},
            )
        return self.process

    def finish(self, *, within_s: float = 30) -> dict[str, Any]:
        """Wait for the end; returns exit.json after checking that no process is left."""
        assert self.process is not None
        try:
            self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the wrapper goes on:\n{self.folder.wrapper_log.read_text()}") from None
        assert processes.marked(self.uid) == []
        ending = read_json(self.folder.exit)
        assert ending is not None, self.folder.wrapper_log.read_text()
        return ending

    def run(self, *, within_s: float = 30) -> dict[str, Any]:
        self.start()
        return self.finish(within_s=within_s)

    def log(self) -> str:
        return self.folder.log.read_text() if self.folder.log.exists() else ""

    def says(self, text: str) -> None:
        wait_for(lambda: text in self.log(), what=f"{text!r} in the log")

    def train_pid(self) -> int:
        return int(wait_for(lambda: (read_json(self.folder.run) or {}).get("train_pid")))

    def end_everything(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        wait_for(lambda: not _kill_marked(self.uid), what="every process gone")


def _kill_marked(uid: str) -> list[int]:
    alive = processes.marked(uid)
    processes.send(alive, signal.SIGKILL)
    return alive


def script(text: str) -> list[str]:
    """A training program: `commit(step)` commits a checkpoint, `output(files)` the artefact."""
    return ["python", "-c", PRELUDE + textwrap.dedent(text)]


PRELUDE = """
import hashlib, json, os, pathlib, signal, subprocess, sys, time
environ = os.environ
def manifest(folder, **more):
    files = [{"path": p.name, "bytes": p.stat().st_size, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
             for p in sorted(folder.iterdir()) if p.name != "manifest.json"]
    text = json.dumps({"files": files, **more}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (folder / "manifest.json").write_text(text)
def commit(step):
    own = pathlib.Path(environ["RECIPE_CHECKPOINTS"]) / environ["RECIPE_FENCE"]
    draft = own / f"{step}.tmp"
    draft.mkdir(parents=True)
    (draft / "state").write_text(str(step))
    manifest(draft, step=step, kind="checkpoint")
    draft.rename(own / str(step))
def output(**files):
    folder = pathlib.Path(environ["RECIPE_OUTPUT"])
    for name, text in files.items():
        (folder / name).write_text(text)
    manifest(folder, kind="output")
def may_commit():
    import datetime
    lease = json.loads(pathlib.Path(environ["RECIPE_LEASE"]).read_text())
    return datetime.datetime.fromisoformat(lease["expires_at"]) > datetime.datetime.now(datetime.UTC)
def leave_at_sigterm(code=75, before=lambda: None):
    def leave(*_):
        before()
        sys.stdout.flush()
        os._exit(code)
    signal.signal(signal.SIGTERM, leave)
def wait():
    while True:
        time.sleep(0.05)
"""
