"""The artefact: staged, measured, then committed with its manifest last.

`RECIPE_OUTPUT/manifest.json` exists only when everything it lists lies beside it, on disk.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from compute.recipes.runtime import manifest as manifests
from compute.recipes.runtime.checkpoints import no_room_explained
from compute.recipes.runtime.disk import canonical_json, fsync_path, fsync_tree, write_durably
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.manifest import Broken, Surroundings

PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npz")


class Output:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.folder = job.output
        self.staging = self.folder / f".staging-{job.fence}"

    def is_committed(self) -> bool:
        """Whether this very attempt has committed its output already and only has to leave."""
        try:
            manifest = manifests.read(self.folder)
            manifests.verify_files(self.folder, manifest)
        except Broken:
            return False
        mine = {"kind": "output", "fence": self.job.fence, "inputs_sha256": self.job.inputs_sha256}
        return all(manifest.get(name) == value for name, value in mine.items())

    def begin(self) -> Path:
        """An empty folder to fill. What an earlier start left uncommitted is removed."""
        for leftover in self.folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self.staging.mkdir()
        return self.staging

    def commit(self, *, step: int, surroundings: Surroundings, weights_sha256: str) -> dict[str, object]:
        """Publish the staged files under this fence. Raises LeaseLost or ImpossibleHere."""
        pickles = [path.name for path in self.staging.rglob("*") if path.suffix in PICKLES]
        if pickles:
            raise ValueError(f"an output never holds pickles: {pickles}")
        with no_room_explained(self.staging):
            manifest = manifests.build(
                self.job,
                self.staging,
                kind="output",
                step=step,
                surroundings=surroundings,
                data_cursor={"step": step},
                weights_sha256=weights_sha256,
            )
            fsync_tree(self.staging)
            self.job.lease.require_may_commit()
            for path in list(self.staging.iterdir()):
                path.rename(self.folder / path.name)
            self.staging.rmdir()
            fsync_path(self.folder)
            write_durably(self.folder / manifests.NAME, canonical_json(manifest))
        return manifest
