"""Pretrain a small Llama-type language model on text: the form, the needs, the command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compute.recipes.base import (
    Accelerator,
    Accepts,
    Choice,
    Estimate,
    Field,
    FieldType,
    Gate,
    Metric,
    Recipe,
    Refusal,
    Resources,
    Scale,
    VisibleIf,
    gettext_noop,
    refuse,
)
from compute.recipes.pretrain_lm.size import Size, parameter_count

_ = gettext_noop

BUILT_IN_TEXT = "python-stdlib"
DATASET = "dataset"
TEXT_SUFFIXES = (".txt", ".md", ".rst", ".py", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".html")
ONLY_CUSTOM = VisibleIf("preset", ("custom",))

BYTES_PER_PARAMETER = 16  # fp32 weights, gradients and two Adam moments
CHECKPOINT_BYTES_PER_PARAMETER = 12
FIXED_SECONDS = 25  # imports, tokenizer, compilation, evaluation and the reload gate
FIXED_BYTES = 700 << 20  # measured with the fresh process of the reload gate beside it
CPU_FLOPS = 60_000_000_000  # measured on two shared cores
UTILISATION = 0.3

FIELDS = (
    Field(
        name="preset",
        type=FieldType.CHOICE,
        label=_("Size"),
        help=_("A ready-made size, or your own."),
        default="demo",
        choices=(
            Choice("tiny", _("tiny: seconds, to try out the whole path")),
            Choice("demo", _("demo: about a minute on two cores")),
            Choice("custom", _("custom")),
        ),
    ),
    Field(
        name="source",
        type=FieldType.CHOICE,
        label=_("Text"),
        help=_("What the model learns from."),
        default=BUILT_IN_TEXT,
        choices=(
            Choice(BUILT_IN_TEXT, _("built in: the source code of Python's standard library")),
            Choice(DATASET, _("a data set from the catalogue")),
        ),
    ),
    Field(
        name="dataset",
        type=FieldType.DATASET,
        label=_("Data set"),
        help=_("Its text files, UTF-8. One file in twenty is held out for measuring."),
        visible_if=VisibleIf("source", (DATASET,)),
        accepts=Accepts("dataset", suffixes=TEXT_SUFFIXES),
    ),
    Field(
        name="layers",
        type=FieldType.INT,
        label=_("Layers"),
        default=2,
        minimum=1,
        maximum=64,
        visible_if=ONLY_CUSTOM,
    ),
    Field(
        name="hidden",
        type=FieldType.INT,
        label=_("Hidden size"),
        help=_("Width of the model; attention heads have 64 each."),
        default=128,
        minimum=64,
        maximum=8192,
        multiple_of=64,
        scale=Scale.LOG,
        visible_if=ONLY_CUSTOM,
    ),
    Field(
        name="vocabulary",
        type=FieldType.INT,
        label=_("Vocabulary"),
        help=_("Tokens the tokenizer learns from the text."),
        default=4096,
        minimum=258,
        maximum=65_536,
        scale=Scale.LOG,
        visible_if=ONLY_CUSTOM,
    ),
    Field(
        name="sequence",
        type=FieldType.INT,
        label=_("Sequence length"),
        default=128,
        minimum=64,
        maximum=8192,
        scale=Scale.LOG,
        unit=_("tokens"),
        visible_if=ONLY_CUSTOM,
    ),
    Field(
        name="batch",
        type=FieldType.INT,
        label=_("Batch"),
        default=8,
        minimum=1,
        maximum=4096,
        scale=Scale.LOG,
        unit=_("sequences"),
        visible_if=ONLY_CUSTOM,
    ),
    Field(
        name="max_text_kib",
        type=FieldType.INT,
        label=_("Text used at most"),
        help=_("Files beyond it are left out."),
        default=65_536,
        minimum=64,
        maximum=1 << 26,
        scale=Scale.LOG,
        unit="KiB",
        advanced=True,
        visible_if=ONLY_CUSTOM,
    ),
    Field(
        name="learning_rate",
        type=FieldType.FLOAT,
        label=_("Learning rate"),
        help=_("Reached after 40 steps, then lowered along a cosine."),
        default=2e-3,
        minimum=1e-6,
        maximum=1e-2,
        scale=Scale.LOG,
        advanced=True,
    ),
    Field(
        name="checkpoint_every_steps",
        type=FieldType.INT,
        label=_("Checkpoint every so many steps"),
        help=_("In addition to the time. 0: by time only."),
        default=0,
        minimum=0,
        maximum=1_000_000,
        unit=_("steps"),
        advanced=True,
    ),
)

PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        "layers": 1,
        "hidden": 64,
        "vocabulary": 512,
        "sequence": 64,
        "batch": 8,
        "max_text_kib": 512,
        "max_steps": 40,
        "learning_rate": 1e-2,
        "checkpoint_every_steps": 10,
    },
    "demo": {"checkpoint_every_steps": 25},
    "custom": {},
}


def size_of(inputs: Mapping[str, Any]) -> Size:
    return Size(
        layers=inputs["layers"],
        hidden=inputs["hidden"],
        vocabulary=inputs["vocabulary"],
        sequence=inputs["sequence"],
    )


def training_tokens(inputs: Mapping[str, Any]) -> int:
    return int(inputs["max_steps"] * inputs["batch"] * inputs["sequence"])


def activation_bytes(inputs: Mapping[str, Any]) -> int:
    """Rough: what a step keeps for the backward pass, attention scores and logits included."""
    tokens = inputs["batch"] * inputs["sequence"]
    heads = inputs["hidden"] // 64
    per_layer = 34 * inputs["hidden"] + 2 * heads * inputs["sequence"]
    return int(4 * tokens * (inputs["layers"] * per_layer + 3 * inputs["vocabulary"]))


def memory_bytes(inputs: Mapping[str, Any]) -> int:
    parameters = parameter_count(size_of(inputs))
    return FIXED_BYTES + BYTES_PER_PARAMETER * parameters + activation_bytes(inputs)


def resources(inputs: Mapping[str, Any]) -> Resources:
    checkpoint = CHECKPOINT_BYTES_PER_PARAMETER * parameter_count(size_of(inputs))
    text = min(inputs["max_text_kib"] << 10, 1 << 30)
    return Resources(
        cpu_millis=2000,
        memory_bytes=2 * memory_bytes(inputs) + 4 * text,
        disk_bytes=(1 << 30) + 6 * checkpoint + 2 * text,
    )


def estimate(inputs: Mapping[str, Any], accelerator: Accelerator) -> Estimate:
    parameters = parameter_count(size_of(inputs))
    tokens = training_tokens(inputs)
    rate = CPU_FLOPS if accelerator.peak_flops is None else accelerator.peak_flops * UTILISATION
    return Estimate(
        accelerator_seconds=FIXED_SECONDS + int(6 * parameters * tokens / rate),
        memory_bytes=memory_bytes(inputs),
        checkpoint_bytes=CHECKPOINT_BYTES_PER_PARAMETER * parameters,
        basis=_("6 × parameters × tokens ÷ usable speed, and half a minute for start and measuring"),
        parameters=parameters,
        tokens=tokens,
    )


def check(inputs: Mapping[str, Any], facts: Mapping[str, Mapping[str, Any]]) -> list[Refusal]:
    """`facts["dataset"]` may hold "files" (names) and "bytes", as the catalogue knows them."""
    known = facts.get("dataset")
    if inputs["source"] != DATASET or known is None or "files" not in known:
        return []
    usable = [name for name in known["files"] if str(name).lower().endswith(TEXT_SUFFIXES)]
    if not usable:
        return [
            refuse(
                "dataset",
                _("The data set holds no text file."),
                _("Choose one with files ending in %(suffixes)s."),
                suffixes=" ".join(TEXT_SUFFIXES),
            )
        ]
    return []


def command(inputs: Mapping[str, Any]) -> list[str]:
    return ["python", "-m", "compute.recipes.pretrain_lm.train"]


RECIPE = Recipe(
    name="pretrain_lm",
    label=_("Pretrain a language model"),
    summary=_("Trains a small Llama-type language model and its tokenizer from text, from scratch."),
    version=1,
    package="compute.recipes.pretrain_lm",
    environment="recipes-jax",
    fields=FIELDS,
    metrics=(
        Metric("bits_per_byte", _("Held-out bits per byte"), _("bits"), False),
        Metric("perplexity", _("Held-out perplexity per token"), "", False),
        Metric("tokens_per_second", _("Training speed"), _("tokens/s"), True),
    ),
    gates=(
        Gate("reload", _("A fresh process measures the same from the saved files")),
        Gate("beats_baseline", _("It beats a unigram model of the same tokens")),
    ),
    relation="produced_by",
    resources=resources,
    estimate=estimate,
    command=command,
    check_inputs=check,
    presets=PRESETS,
    job_defaults={"max_steps": 300, "wall_limit_minutes": 15},
)
