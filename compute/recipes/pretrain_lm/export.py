"""The artefact's weights: Hub names, kernels transposed, safetensors, a Llama config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from compute.recipes.pretrain_lm.size import HEAD, Size
from compute.recipes.pretrain_lm.tokens import END, PAD

Tensors = dict[str, np.ndarray[Any, Any]]

ATTENTION = ("q", "k", "v", "o")
FEED_FORWARD = ("gate", "up", "down")


def hub_tensors(params: Mapping[str, Any]) -> Tensors:
    """Flax parameters as Hub tensors: (outputs, inputs) instead of (inputs, outputs)."""
    tensors = {
        "model.embed_tokens.weight": _array(params["embed"]["embedding"]),
        "model.norm.weight": _array(params["norm"]["scale"]),
    }
    for number, layer in params["layers"].items():
        prefix = f"model.layers.{number}"
        tensors[f"{prefix}.input_layernorm.weight"] = _array(layer["attention_norm"]["scale"])
        tensors[f"{prefix}.post_attention_layernorm.weight"] = _array(layer["feed_forward_norm"]["scale"])
        for name in ATTENTION:
            tensors[f"{prefix}.self_attn.{name}_proj.weight"] = _array(layer["attention"][name]["kernel"]).T
        for name in FEED_FORWARD:
            tensors[f"{prefix}.mlp.{name}_proj.weight"] = _array(layer["feed_forward"][name]["kernel"]).T
    return {name: np.ascontiguousarray(tensor) for name, tensor in sorted(tensors.items())}


def _array(leaf: Any) -> np.ndarray[Any, Any]:
    return np.asarray(leaf, np.float32)


def expected_shapes(size: Size) -> dict[str, tuple[int, ...]]:
    """Exactly the tensors a model of this size has."""
    hidden, wide = size.hidden, size.intermediate
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (size.vocabulary, hidden),
        "model.norm.weight": (hidden,),
    }
    for number in range(size.layers):
        prefix = f"model.layers.{number}"
        shapes[f"{prefix}.input_layernorm.weight"] = (hidden,)
        shapes[f"{prefix}.post_attention_layernorm.weight"] = (hidden,)
        shapes |= {f"{prefix}.self_attn.{name}_proj.weight": (hidden, hidden) for name in ATTENTION}
        shapes |= {f"{prefix}.mlp.{name}_proj.weight": (wide, hidden) for name in ("gate", "up")}
        shapes[f"{prefix}.mlp.down_proj.weight"] = (hidden, wide)
    return shapes


def weights_sha256(tensors: Tensors) -> str:
    """Hash over name, type, shape and bytes of the tensors in order of their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}\0{tensor.dtype.str}\0{tensor.shape}\0".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def save(tensors: Tensors, folder: Path) -> None:
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def config(size: Size, *, end: int, pad: int) -> dict[str, Any]:
    """What `transformers` needs to open the weights as a Llama model."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": size.vocabulary,
        "hidden_size": size.hidden,
        "intermediate_size": size.intermediate,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.heads,
        "head_dim": HEAD,
        "hidden_act": "silu",
        "max_position_embeddings": size.sequence,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "dtype": "float32",
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": pad,
        "use_cache": True,
    }


def write_config(folder: Path, size: Size, tokenizer: Any) -> None:
    end, pad = tokenizer.token_to_id(END), tokenizer.token_to_id(PAD)
    write_json(folder / "config.json", config(size, end=end, pad=pad))
    write_json(folder / "generation_config.json", {"bos_token_id": end, "eos_token_id": end, "pad_token_id": pad})


def write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")
