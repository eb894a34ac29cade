"""The model card: what it is, how good against what, what it cannot do, how it was made."""

from __future__ import annotations

from typing import Any

from compute.recipes.pretrain_lm.size import Size, parameter_count
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.lineage import origin_rows

USE = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
```"""

LIMITS = """\
A small model, trained for a short time from scratch. It has seen nothing but the text above, follows no
instructions, knows no facts worth relying on, and can repeat passages of its training text. Use it to study
training, to test tools, or as a starting point; not to inform people."""


def write(job: Job, size: Size, metrics: dict[str, Any], energy: dict[str, Any]) -> str:
    """The card as Markdown with its front matter."""
    parts = [
        _front_matter(job),
        f"# A {_millions(parameter_count(size))} language model",
        _what(job, size, metrics),
        "## How good it is",
        _results(metrics),
        "## Gates",
        _gates(metrics),
        "## Limits",
        LIMITS,
        "## Use",
        USE,
        "## How it was made",
        _making(job, metrics, energy),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(job: Job) -> str:
    lines = ["---", "library_name: transformers", "pipeline_tag: text-generation", "tags: [llama, headwaters, jax]"]
    if licence := job.inputs["licence"]:
        lines.insert(1, f"license: {licence}")
    return "\n".join([*lines, "---"])


def _millions(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M parameter"


def _what(job: Job, size: Size, metrics: dict[str, Any]) -> str:
    text, run = metrics["text"], metrics["training"]
    return (
        f"A decoder of the Llama type ({size.layers} layers, hidden size {size.hidden}, {size.heads} heads, "
        f"vocabulary {size.vocabulary}, sequence {size.sequence}) trained from scratch on {text['label']}: "
        f"{text['train_bytes']:,} bytes, {text['train_tokens']:,} tokens, of which it read "
        f"{run['tokens']:,} in {run['steps']} steps."
    )


def _results(metrics: dict[str, Any]) -> str:
    values, baselines, text = metrics["values"], metrics["baselines"], metrics["text"]
    bits, perplexity = values["bits_per_byte"], values["perplexity"]
    rows = [
        ("**this model**", f"**{bits['value']:.3f}** ± {bits['standard_error']:.3f}", f"{perplexity['value']:.1f}"),
        ("token unigram (baseline)", f"{baselines['token_unigram']['bits_per_byte']:.3f}", "–"),
        ("byte unigram", f"{baselines['byte_unigram']['bits_per_byte']:.3f}", "–"),
    ]
    table = ["| | bits per byte | perplexity per token |", "|---|---|---|"]
    table += [f"| {' | '.join(row)} |" for row in rows]
    note = (
        f"Measured on {text['held_out_bytes']:,} bytes ({bits['n']:,} tokens) that were held out of training; "
        "lower is better; ± is one standard error over windows of the text."
    )
    return "\n".join([*table, "", note])


def _gates(metrics: dict[str, Any]) -> str:
    table = ["| gate | measured | limit | |", "|---|---|---|---|"]
    for gate in metrics["gates"]:
        result = "passed" if gate["passed"] else "**failed**"
        table.append(f"| {gate['says']} | {gate['value']:.4g} | {gate['limit']:.4g} | {result} |")
    return "\n".join(table)


def _making(job: Job, metrics: dict[str, Any], energy: dict[str, Any]) -> str:
    total, resume = energy["total"], metrics["resume"]
    rows = [
        ("recipe", f"{job.recipe.name} version {job.recipe.version}"),
        ("seed", str(job.seed)),
        ("code sha256", job.code_sha256),
        ("environment", job.image_digest or "not stated"),
        ("inputs sha256", job.inputs_sha256),
        ("held-out text sha256", metrics["text"]["held_out_sha256"]),
        ("weights sha256", metrics["weights_sha256"]),
        ("hardware", str(job.hardware.get("accelerator_type") or metrics["training"]["device_kind"])),
        ("speed", f"{metrics['values']['tokens_per_second']['value']:,.0f} tokens/s"),
        ("energy", f"{total['joules']:,} J ({total['method']}; parts: {', '.join(total['parts'])})"),
        ("resumed", f"from step {resume['from_step']}" + ("" if resume["exact"] else ", not exact")),
        *origin_rows(job.lineage),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {label} | {value} |" for label, value in rows)])
