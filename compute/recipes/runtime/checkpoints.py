"""Checkpoints: committed only when hashed, fenced, renamed and on disk; verified when read.

Layout: `<root>/<fence>/<step>/manifest.json` and what it lists. This attempt writes only below
its own fence and reads all.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute.recipes.runtime import manifest as manifests
from compute.recipes.runtime.disk import canonical_json, fsync_path, fsync_tree
from compute.recipes.runtime.exits import ImpossibleHere
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.log import say
from compute.recipes.runtime.manifest import Broken, Surroundings

KEEP_LAST = 3
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Resumed:
    """The checkpoint to go on from; `is_exact` when equal bytes are promised."""

    folder: Path
    step: int
    data_cursor: Mapping[str, Any]
    weights_sha256: str
    differences: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Resumption:
    """What was found at the start: a checkpoint or none, and those that had to be passed over."""

    resumed: Resumed | None
    rejected: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        found = self.resumed
        return {
            "from_step": found.step if found else 0,
            "exact": found.is_exact if found else True,
            "differences": list(found.differences) if found else [],
            "rejected": list(self.rejected),
        }


class Checkpoints:
    def __init__(self, job: Job, surroundings: Surroundings) -> None:
        self.job = job
        self.surroundings = surroundings
        self.own = job.checkpoints / str(job.fence)

    def commit(
        self,
        step: int,
        save: Callable[[Path], None],
        *,
        data_cursor: Mapping[str, Any],
        weights_sha256: str,
    ) -> Path:
        """Write what `save(folder)` leaves, as the state after `step` steps.

        Raises LeaseLost (nothing is left behind) or ImpossibleHere when the disk is full.
        """
        draft, final = self.own / f"{step}.tmp", self.own / str(step)
        with no_room_explained(draft):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            save(draft)
            manifest = manifests.build(
                self.job,
                draft,
                kind="checkpoint",
                step=step,
                surroundings=self.surroundings,
                data_cursor=data_cursor,
                weights_sha256=weights_sha256,
            )
            (draft / manifests.NAME).write_bytes(canonical_json(manifest))
            fsync_tree(draft)
            self.job.lease.require_may_commit()
            # The same supervisor may start again under its fence; a folder there is replaced whole.
            shutil.rmtree(final, ignore_errors=True)
            draft.rename(final)
        fsync_path(self.own)
        self._prune()
        return final

    def resume(self) -> Resumption:
        """Find the checkpoint the platform named, or, if it is broken, the one before it."""
        rejected: list[str] = []
        for folder in self._candidates():
            try:
                return Resumption(self._verified(folder), tuple(rejected))
            except Broken as problem:
                name = f"{folder.parent.name}/{folder.name}"
                rejected.append(f"{name}: {problem}")
                say(f"Checkpoint {name} cannot be used: {problem}.")
        return Resumption(None, tuple(rejected))

    def _verified(self, folder: Path) -> Resumed:
        manifest = manifests.read(folder)
        manifests.require_same_work(self.job, manifest)
        manifests.verify_files(folder, manifest)
        if folder.name != str(manifest["step"]):
            raise Broken(f"its manifest is that of step {manifest['step']}")
        return Resumed(
            folder,
            manifest["step"],
            manifest["data_cursor"],
            str(manifest["weights_sha256"]),
            tuple(manifests.differences(self.job, manifest, self.surroundings)),
        )

    def _candidates(self) -> Iterator[Path]:
        named = self.job.resume
        if named is None:
            return
        folder = named.parent if named.name == manifests.NAME else named
        yield folder
        limit = _order(folder)
        earlier = [path for path in self.job.checkpoints.glob("*/*") if _is_committed(path)]
        for path in sorted(earlier, key=_order, reverse=True):
            if _order(path) < limit:
                yield path

    def _prune(self) -> None:
        """Keep the last ones and what this run resumed from; earlier fences are not ours to touch."""
        committed = sorted(filter(_is_committed, self.own.iterdir()), key=_order)
        named = self.job.resume
        for path in committed[:-KEEP_LAST]:
            if named is None or path not in (named, named.parent):
                shutil.rmtree(path)


def _is_committed(path: Path) -> bool:
    return path.name.isdigit() and path.parent.name.isdigit() and path.is_dir()


def _order(path: Path) -> tuple[int, int]:
    """Later steps first matter more than later fences: a fence may have begun from an early step."""
    step, fence = path.name, path.parent.name
    return (int(step) if step.isdigit() else 0, int(fence) if fence.isdigit() else 0)


@contextmanager
def no_room_explained(draft: Path) -> Iterator[None]:
    """Remove the draft when anything fails, and turn a full disk into a sentence."""
    try:
        yield
    except BaseException as problem:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(problem, OSError) and problem.errno in NO_ROOM:
            raise ImpossibleHere(
                "disk",
                f"There is no room to write {draft.name}: {problem.strerror}.",
                "Ask for more disk, or choose fewer or smaller checkpoints.",
            ) from problem
        raise
