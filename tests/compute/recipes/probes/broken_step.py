"""In the jax environment: a step whose loss is no number changes nothing, a later one goes on.

python -m tests.compute.recipes.probes.broken_step
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import jax
import numpy as np

from compute.recipes.pretrain_lm.learner import Learner
from compute.recipes.pretrain_lm.recipe import RECIPE


def leaves(learner: Learner) -> list[np.ndarray]:
    return [np.array(leaf) for leaf in jax.tree.leaves(learner.state)]


def main() -> None:
    inputs = RECIPE.clean({"preset": "tiny"}).values
    ids = np.random.default_rng(0).integers(0, 512, 5_000).astype(np.int32)
    learner = Learner(SimpleNamespace(inputs=inputs, seed=0, rank=0), None, ids)
    assert math.isfinite(learner.run_step(1)["loss"])
    params, _ = learner.state
    sound = params["norm"]["scale"].get_value()
    params["norm"]["scale"].set_value(sound.at[0].set(jax.numpy.nan))
    before = leaves(learner)
    assert math.isnan(learner.run_step(2)["loss"])
    for old, new in zip(before, leaves(learner), strict=True):
        np.testing.assert_array_equal(old, new)
    learner.state[0]["norm"]["scale"].set_value(sound)
    assert math.isfinite(learner.run_step(3)["loss"])
    assert not np.array_equal(before[0], leaves(learner)[0])


if __name__ == "__main__":
    main()
