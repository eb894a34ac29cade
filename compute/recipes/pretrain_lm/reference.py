"""Llama from its published files, in plain JAX: written apart from the model that trains.

The reload gate measures with this, so that a mistake in the export cannot cancel itself out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from compute.recipes.pretrain_lm.tokens import Ids

Weights = Mapping[str, jax.Array]


def logits(weights: Weights, config: Mapping[str, Any], ids: jax.Array) -> jax.Array:
    """Logits (windows, length, vocabulary) in float32."""
    embedding = weights["model.embed_tokens.weight"]
    hidden = embedding[ids]
    for number in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{number}."
        part = {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
        hidden = hidden + _attention(part, config, _norm(hidden, part["input_layernorm.weight"], config))
        hidden = hidden + _feed_forward(part, _norm(hidden, part["post_attention_layernorm.weight"], config))
    return _norm(hidden, weights["model.norm.weight"], config) @ embedding.T


def _norm(x: jax.Array, weight: jax.Array, config: Mapping[str, Any]) -> jax.Array:
    return weight * x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + config["rms_norm_eps"])


def _attention(part: Weights, config: Mapping[str, Any], x: jax.Array) -> jax.Array:
    windows, length, _ = x.shape
    heads, width = config["num_attention_heads"], config["head_dim"]

    def project(name: str) -> jax.Array:
        projected = x @ part[f"self_attn.{name}_proj.weight"].T
        return projected.reshape(windows, length, heads, width).transpose(0, 2, 1, 3)

    query, key = (_turn(project(name), config["rope_theta"]) for name in "qk")
    scores = query @ key.transpose(0, 1, 3, 2) / width**0.5
    scores = jnp.where(jnp.arange(length)[:, None] >= jnp.arange(length), scores, -jnp.inf)
    mixed = jax.nn.softmax(scores, axis=-1) @ project("v")
    return mixed.transpose(0, 2, 1, 3).reshape(windows, length, heads * width) @ part["self_attn.o_proj.weight"].T


def _turn(x: jax.Array, base: float) -> jax.Array:
    length, width = x.shape[-2:]
    half = width // 2
    angle = jnp.arange(length)[:, None] / base ** (jnp.arange(half) / half)
    first, second = x[..., :half], x[..., half:]
    return jnp.concatenate(
        [
            first * jnp.cos(angle) - second * jnp.sin(angle),
            second * jnp.cos(angle) + first * jnp.sin(angle),
        ],
        axis=-1,
    )


def _feed_forward(part: Weights, x: jax.Array) -> jax.Array:
    gate = jax.nn.silu(x @ part["mlp.gate_proj.weight"].T)
    return (gate * (x @ part["mlp.up_proj.weight"].T)) @ part["mlp.down_proj.weight"].T


class Losses:
    """Negative log-likelihoods of targets, compiled once."""

    def __init__(self, weights: Weights, config: Mapping[str, Any]) -> None:
        self._weights = dict(weights)

        def compute(held: Weights, inputs: jax.Array, targets: jax.Array) -> jax.Array:
            row = logits(held, config, inputs)
            chosen = jnp.take_along_axis(row, targets[..., None], axis=-1)[..., 0]
            return jax.nn.logsumexp(row, axis=-1) - chosen

        self._compute = jax.jit(compute)

    def __call__(self, inputs: Ids, targets: Ids) -> jax.Array:
        return self._compute(self._weights, inputs, targets)
