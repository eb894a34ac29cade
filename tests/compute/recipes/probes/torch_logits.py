"""In the torch environment: opens an artefact with transformers and compares with what JAX answered.

python -m tests.compute.recipes.probes.torch_logits ARTEFACT TEXTS.json ANSWER.safetensors
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer


def main(artefact: Path, texts: Path, answer: Path) -> None:
    model, loading = AutoModelForCausalLM.from_pretrained(artefact, output_loading_info=True)
    tokenizer = AutoTokenizer.from_pretrained(artefact)
    expected = load_file(answer)
    worst, is_equal = {"trained": 0.0, "reference": 0.0}, True
    for number, text in enumerate(json.loads(texts.read_text())):
        ids = torch.tensor(tokenizer(text)["input_ids"])[None, : model.config.max_position_embeddings]
        is_equal &= ids.tolist() == expected[f"ids.{number}"].tolist()
        with torch.no_grad():
            logits = model(ids).logits
        for name in worst:
            other = torch.from_numpy(expected[f"{name}.{number}"])
            worst[name] = max(worst[name], (logits - other).abs().max().item())
    report = {
        "class": type(model).__name__,
        "parameters": model.num_parameters(),
        "missing": sorted(loading["missing_keys"]),
        "unexpected": sorted(loading["unexpected_keys"]),
        "ids_equal": is_equal,
        "difference": worst,
        "end": tokenizer.eos_token,
        "generated": tokenizer.decode(
            model.generate(**tokenizer("def __init__(self", return_tensors="pt"), max_new_tokens=12, do_sample=False)[0]
        ),
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
