"""The work of pretrain_lm: sets up jax, then trains. Run with `python -m`."""

from __future__ import annotations

import os
from importlib.metadata import version

from compute.recipes.pretrain_lm.recipe import RECIPE
from compute.recipes.runtime import energy
from compute.recipes.runtime.allocator import keep_freed_memory
from compute.recipes.runtime.entry import run
from compute.recipes.runtime.exits import ImpossibleHere
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.manifest import Surroundings
from compute.recipes.runtime.stopping import Stop

LIBRARIES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "tokenizers", "safetensors")


def set_up_jax(job: Job) -> Surroundings:
    """Choose the compilation cache before jax is loaded, and name the device."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(job.work / "jax-cache"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    keep_freed_memory()
    import jax  # its settings are read at import

    if job.world_size != 1:
        raise ImpossibleHere(
            "processes", "pretrain_lm runs in one process.", "Ask for one process; it uses all its devices' memory."
        )
    try:
        devices = jax.local_devices()
    except RuntimeError as problem:
        raise ImpossibleHere(
            "accelerator_type", f"No device can be used: {problem}", "Choose another accelerator type."
        ) from problem
    kind = devices[0].device_kind if devices[0].platform != "cpu" else "cpu"
    return Surroundings(kind, len(devices), {name: version(name) for name in LIBRARIES})


def train(job: Job, stop: Stop) -> None:
    begin = energy.read()
    surroundings = set_up_jax(job)
    from compute.recipes.pretrain_lm import session  # loads jax, whose settings must stand before

    session.train(job, stop, surroundings, begin)


if __name__ == "__main__":
    run(RECIPE, train)
