"""One training step, and its state on disk: Flax NNX for the model, Optax, Orbax."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from flax import nnx
from tokenizers import Tokenizer

from compute.recipes.pretrain_lm import tokens
from compute.recipes.pretrain_lm.export import hub_tensors, weights_sha256
from compute.recipes.pretrain_lm.model import Llama, token_losses
from compute.recipes.pretrain_lm.recipe import size_of
from compute.recipes.runtime.batches import generator
from compute.recipes.runtime.exits import ImpossibleHere
from compute.recipes.runtime.job import Job

WARM_UP = 40
FINAL_SHARE = 0.1
WEIGHT_DECAY = 0.1
CLIP = 1.0
STATE = "state"


def schedule(rate: float, steps: int) -> optax.Schedule:
    """Linear warm-up, then a cosine down to a tenth."""
    warm_up = min(WARM_UP, max(1, steps // 4))
    return optax.warmup_cosine_decay_schedule(0.0, rate, warm_up, max(steps, warm_up + 1), rate * FINAL_SHARE)


def optimizer(rate: optax.Schedule) -> optax.GradientTransformation:
    """AdamW; only matrices decay."""

    def matrices(params: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf.ndim > 1, params)

    return optax.chain(
        optax.clip_by_global_norm(CLIP),
        optax.adamw(rate, b1=0.9, b2=0.95, weight_decay=WEIGHT_DECAY, mask=matrices),
    )


class Learner:
    """The state of a run; `run_step(n)` depends only on that state, the seed and n."""

    def __init__(self, job: Job, tokenizer: Tokenizer, ids: tokens.Ids) -> None:
        self.job = job
        self.inputs = job.inputs
        self.tokenizer = tokenizer
        self.ids = ids
        self.first_step = 1
        self.rate = schedule(float(self.inputs["learning_rate"]), int(self.inputs["max_steps"]))
        self.transform = optimizer(self.rate)
        graph, params = nnx.split(Llama(size_of(self.inputs), nnx.Rngs(job.seed)))
        self.graph = graph
        self.state = (params, self.transform.init(params))
        self._update = jax.jit(self._step, donate_argnums=0)
        self._evaluate = jax.jit(self._token_losses)
        self.seconds = 0.0
        self.timed_steps = 0

    @property
    def params(self) -> nnx.State:
        return self.state[0]

    def run_step(self, step: int) -> Mapping[str, float]:
        started = time.perf_counter()
        batch = self._batch(step)
        self.state, loss, norm = self._update(self.state, batch)
        metrics = {"loss": float(loss), "grad_norm": float(norm), "lr": float(self.rate(step - 1))}
        took = time.perf_counter() - started
        if step != self.first_step:  # the first one compiles
            self.seconds += took
            self.timed_steps += 1
        metrics["tokens_per_second"] = self._tokens_per_step / took
        return metrics

    @property
    def tokens_per_second(self) -> float:
        """Mean speed of this process, without the step that compiles."""
        return self.timed_steps * self._tokens_per_step / self.seconds if self.seconds else 0.0

    @property
    def _tokens_per_step(self) -> int:
        return int(self.inputs["batch"] * self.inputs["sequence"])

    def _batch(self, step: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Windows drawn by (seed, step, rank), one token longer than the sequence."""
        length = int(self.inputs["sequence"]) + 1
        random = generator(self.job.seed, step, self.job.rank)
        starts = random.integers(0, len(self.ids) - length + 1, size=int(self.inputs["batch"]))
        return self.ids[starts[:, None] + np.arange(length)]

    def _loss(self, params: nnx.State, batch: jax.Array) -> jax.Array:
        logits = nnx.merge(self.graph, params)(batch[:, :-1])
        return token_losses(logits, batch[:, 1:]).mean()

    def _step(self, state: Any, batch: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
        params, moments = state
        loss, gradient = jax.value_and_grad(self._loss)(params, batch)
        norm = optax.global_norm(gradient)
        is_sound = jnp.isfinite(loss) & jnp.isfinite(norm)
        updates, new_moments = self.transform.update(gradient, moments, params)
        new = (optax.apply_updates(params, updates), new_moments)
        # A step without a finite gradient is skipped whole, moments included.
        kept = jax.tree.map(lambda fresh, old: jnp.where(is_sound, fresh, old), new, state)
        return kept, jnp.where(is_sound, loss, jnp.nan), norm

    def losses(self, inputs: tokens.Ids, targets: tokens.Ids) -> jax.Array:
        """Negative log-likelihood of each target under the model as trained."""
        return self._evaluate(self.params, inputs, targets)

    def _token_losses(self, params: nnx.State, inputs: jax.Array, targets: jax.Array) -> jax.Array:
        return token_losses(nnx.merge(self.graph, params)(inputs), targets)

    def tensors(self) -> dict[str, np.ndarray[Any, Any]]:
        """The weights under the names and in the layout they are exported with."""
        return hub_tensors(nnx.to_pure_dict(self.params))

    def weights_sha256(self) -> str:
        return weights_sha256(self.tensors())

    def save(self, folder: Path) -> None:
        tokens.save(self.tokenizer, folder, int(self.inputs["sequence"]))
        with ocp.StandardCheckpointer() as checkpointer:
            checkpointer.save(folder.resolve() / STATE, self._named())
            checkpointer.wait_until_finished()

    def load(self, folder: Path, step: int) -> None:
        """Go on from a verified checkpoint. Raises ImpossibleHere when its shapes are not ours."""
        self.first_step = step + 1
        wanted = self._named()
        with ocp.StandardCheckpointer() as checkpointer:
            found = checkpointer.metadata(folder.resolve() / STATE).item_metadata
            shapes = {name: tuple(entry.shape) for name, entry in found.tree.items()}
            if shapes != {name: leaf.shape for name, leaf in wanted.items()}:
                raise ImpossibleHere(
                    "checkpoint",
                    "The checkpoint holds a model of another shape.",
                    "Start a new job instead of resuming this one.",
                )
            restored = checkpointer.restore(folder.resolve() / STATE, wanted)
        self.state = jax.tree.unflatten(jax.tree.structure(self.state), [restored[name] for name in wanted])

    def _named(self) -> dict[str, jax.Array]:
        """Every leaf of weights and moments by its path."""
        return {
            jax.tree_util.keystr(path, simple=True, separator="."): leaf
            for path, leaf in jax.tree_util.tree_leaves_with_path(self.state)
        }
