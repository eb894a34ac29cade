"""A Llama-type decoder in Flax NNX: RMSNorm, half-rotation RoPE, SwiGLU, tied embeddings."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from compute.recipes.pretrain_lm.size import HEAD, Size

EPSILON = 1e-6
ROPE_BASE = 10_000.0
INIT_STD = 0.02


def rotation(length: int) -> tuple[jax.Array, jax.Array]:
    """Cosine and sine, shape (length, HEAD): each half of a head turns by the same angles."""
    frequency = ROPE_BASE ** (-jnp.arange(0, HEAD, 2, dtype=jnp.float32) / HEAD)
    angle = jnp.outer(jnp.arange(length, dtype=jnp.float32), frequency)
    angle = jnp.concatenate([angle, angle], axis=-1)
    return jnp.cos(angle), jnp.sin(angle)


def rotate(x: jax.Array, cosine: jax.Array, sine: jax.Array) -> jax.Array:
    """Turn (batch, length, heads, HEAD) by its position."""
    low, high = jnp.split(x, 2, axis=-1)
    turned = jnp.concatenate([-high, low], axis=-1)
    return x * cosine[:, None, :] + turned * sine[:, None, :]


def linear(inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Linear:
    return nnx.Linear(inputs, outputs, use_bias=False, kernel_init=nnx.initializers.normal(INIT_STD), rngs=rngs)


class Attention(nnx.Module):
    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        self.heads = size.heads
        self.q = linear(size.hidden, size.hidden, rngs)
        self.k = linear(size.hidden, size.hidden, rngs)
        self.v = linear(size.hidden, size.hidden, rngs)
        self.o = linear(size.hidden, size.hidden, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        batch, length, hidden = x.shape
        shape = (batch, length, self.heads, HEAD)
        cosine, sine = rotation(length)
        q = rotate(self.q(x).reshape(shape), cosine, sine)
        k = rotate(self.k(x).reshape(shape), cosine, sine)
        v = self.v(x).reshape(shape)
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * HEAD**-0.5
        causal = jnp.tril(jnp.ones((length, length), bool))
        weights = jax.nn.softmax(jnp.where(causal, scores, -jnp.inf), axis=-1)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", weights, v)
        return self.o(mixed.reshape(batch, length, hidden))


class FeedForward(nnx.Module):
    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        self.gate = linear(size.hidden, size.intermediate, rngs)
        self.up = linear(size.hidden, size.intermediate, rngs)
        self.down = linear(size.intermediate, size.hidden, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.down(jax.nn.silu(self.gate(x)) * self.up(x))


class Layer(nnx.Module):
    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        self.attention_norm = nnx.RMSNorm(size.hidden, epsilon=EPSILON, rngs=rngs)
        self.attention = Attention(size, rngs)
        self.feed_forward_norm = nnx.RMSNorm(size.hidden, epsilon=EPSILON, rngs=rngs)
        self.feed_forward = FeedForward(size, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.feed_forward_norm(x))


class Llama(nnx.Module):
    def __init__(self, size: Size, rngs: nnx.Rngs) -> None:
        self.embed = nnx.Embed(
            size.vocabulary, size.hidden, embedding_init=nnx.initializers.normal(INIT_STD), rngs=rngs
        )
        self.layers = nnx.List([Layer(size, rngs) for _ in range(size.layers)])
        self.norm = nnx.RMSNorm(size.hidden, epsilon=EPSILON, rngs=rngs)

    def __call__(self, ids: jax.Array) -> jax.Array:
        """Logits (batch, length, vocabulary) of ids (batch, length)."""
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x)
        return self.embed.attend(self.norm(x))


def token_losses(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Negative log-likelihood in nats of each target, (batch, length)."""
    normaliser = jax.nn.logsumexp(logits, axis=-1)
    return normaliser - jnp.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
