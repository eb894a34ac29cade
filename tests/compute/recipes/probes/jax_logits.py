"""In the jax environment: token ids of texts, and logits of both JAX models, of one artefact.

python -m tests.compute.recipes.probes.jax_logits ARTEFACT TEXTS.json ANSWER.safetensors
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jax
import numpy as np
from flax import nnx
from safetensors.numpy import load_file, save_file

from compute.recipes.pretrain_lm import reference, tokens
from compute.recipes.pretrain_lm.export import ATTENTION, FEED_FORWARD
from compute.recipes.pretrain_lm.model import Llama
from compute.recipes.pretrain_lm.size import Size


def trained_model(weights: dict, config: dict) -> Llama:
    size = Size(config["num_hidden_layers"], config["hidden_size"], config["vocab_size"], 0)
    graph, state = nnx.split(Llama(size, nnx.Rngs(0)))
    layers = {}
    for number in range(size.layers):
        part = f"model.layers.{number}"
        layers[number] = {
            "attention_norm": {"scale": weights[f"{part}.input_layernorm.weight"]},
            "feed_forward_norm": {"scale": weights[f"{part}.post_attention_layernorm.weight"]},
            "attention": {n: {"kernel": weights[f"{part}.self_attn.{n}_proj.weight"].T} for n in ATTENTION},
            "feed_forward": {n: {"kernel": weights[f"{part}.mlp.{n}_proj.weight"].T} for n in FEED_FORWARD},
        }
    params = {
        "embed": {"embedding": weights["model.embed_tokens.weight"]},
        "layers": layers,
        "norm": {"scale": weights["model.norm.weight"]},
    }
    nnx.replace_by_pure_dict(state, jax.tree.map(jax.numpy.asarray, params))
    return nnx.merge(graph, state)


def main(artefact: Path, texts: Path, answer: Path) -> None:
    weights, config = load_file(artefact / "model.safetensors"), json.loads((artefact / "config.json").read_text())
    tokenizer = tokens.load(artefact)
    model = trained_model(weights, config)
    found = {}
    for number, text in enumerate(json.loads(texts.read_text())):
        ids = np.asarray([tokenizer.encode(text, add_special_tokens=False).ids], np.int32)
        assert tokenizer.decode(ids[0].tolist()) == text
        ids = ids[:, : config["max_position_embeddings"]]
        found[f"ids.{number}"] = ids
        found[f"trained.{number}"] = np.asarray(model(ids))
        found[f"reference.{number}"] = np.asarray(reference.logits(weights, config, ids))
    save_file(found, answer)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
