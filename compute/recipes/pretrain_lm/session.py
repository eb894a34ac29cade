"""One attempt from text to committed artefact. Loads jax: `train.py` sets it up first."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from compute.recipes.pretrain_lm import card, export, measure, results, tokens
from compute.recipes.pretrain_lm.learner import Learner
from compute.recipes.pretrain_lm.recipe import size_of, training_tokens
from compute.recipes.pretrain_lm.size import parameter_count
from compute.recipes.pretrain_lm.text import Text, read_text
from compute.recipes.runtime import energy, tracker
from compute.recipes.runtime.checkpoints import Checkpoints, Resumption
from compute.recipes.runtime.exits import BadData, ImpossibleHere
from compute.recipes.runtime.job import Job
from compute.recipes.runtime.log import say
from compute.recipes.runtime.loop import Loop
from compute.recipes.runtime.manifest import Surroundings
from compute.recipes.runtime.output import Output
from compute.recipes.runtime.stopping import Stop

LOG_LINES = 100
CURVE_POINTS = 1000


def train(job: Job, stop: Stop, surroundings: Surroundings, begin: energy.Reading) -> None:
    text = read_text(job)
    say(f"text: {text.label}, {text.train_bytes:,} bytes to learn from, {text.held_out_bytes:,} held out")
    checkpoints = Checkpoints(job, surroundings)
    found = checkpoints.resume()
    if found.resumed:
        tokenizer = tokens.load(found.resumed.folder)
    else:
        tokenizer = tokens.learn(text.train, int(job.inputs["vocabulary"]))
    ids = tokens.stream(tokenizer, text.train)
    if len(ids) <= int(job.inputs["sequence"]) + 1:
        raise BadData("sequence", "The text is shorter than one sequence.", "Use more text or a shorter sequence.")
    say(f"tokenizer: {tokenizer.get_vocab_size()} tokens; the text is {len(ids):,} tokens long")
    learner = Learner(job, tokenizer, ids)
    tracking = tracker.start(job, {"parameters": parameter_count(size_of(job.inputs)), "text": text.label})
    try:
        learn(job, stop, learner, checkpoints, found, tracking)
        metrics = publish(job, stop, learner, text, found, surroundings, begin)
    except BaseException as end:
        tracking.leave(end)
        raise
    tracking.summarise({name: entry["value"] for name, entry in metrics["values"].items()})
    tracking.finish(0)


def learn(
    job: Job,
    stop: Stop,
    learner: Learner,
    checkpoints: Checkpoints,
    found: Resumption,
    tracking: tracker.Tracker,
) -> None:
    """The steps that are left."""
    first, cursor, last = 1, dict[str, Any](), int(job.inputs["max_steps"])
    if found.resumed:
        learner.load(found.resumed.folder, found.resumed.step)
        if learner.weights_sha256() != found.resumed.weights_sha256:
            raise ImpossibleHere(
                "checkpoint", "The restored weights are not those that were saved.", "Start a new job."
            )
        first, cursor = found.resumed.step + 1, dict(found.resumed.data_cursor)
        exact = "" if found.resumed.is_exact else f", not exact: {', '.join(found.resumed.differences)} differ"
        say(f"resumed after step {found.resumed.step}{exact}")

    def report(step: int, metrics: Mapping[str, float]) -> None:
        is_edge = step in (first, last)
        if is_edge or step % max(1, last // LOG_LINES) == 0:
            say(f"step {step}/{last} loss {metrics['loss']:.4f} {metrics['tokens_per_second']:,.0f} tokens/s")
        if is_edge or step % max(1, last // CURVE_POINTS) == 0:
            tracking.log(step, tracker.finite(metrics))

    Loop(job, stop, checkpoints, learner, report).run(first=first, last=last, data_cursor=cursor)


def publish(
    job: Job,
    stop: Stop,
    learner: Learner,
    text: Text,
    found: Resumption,
    surroundings: Surroundings,
    begin: energy.Reading,
) -> dict[str, Any]:
    """Export, measure, check in a fresh process, write the card, commit. Returns metrics.json."""
    size, steps = size_of(job.inputs), int(job.inputs["max_steps"])
    tensors, output = learner.tensors(), Output(job)
    folder = output.begin()
    export.save(tensors, folder)
    export.write_config(folder, size, learner.tokenizer)
    tokens.save(learner.tokenizer, folder, size.sequence)
    held_out = tokens.stream(learner.tokenizer, text.held_out)
    measured = measure.measure(learner.losses, held_out, text.held_out_bytes, size.sequence)
    say(f"held out: {measured.bits_per_byte:.4f} bits per byte, perplexity {measured.perplexity:.2f}")
    baselines = results.baselines(text, learner.ids, held_out, size.vocabulary)
    gates = [
        results.reload_gate(folder, os.environ["RECIPE_INPUTS"], measured.bits_per_byte),
        results.baseline_gate(measured, baselines["token_unigram"]["bits_per_byte"]),
    ]
    metrics: dict[str, Any] = {
        "values": results.values(measured, learner.tokens_per_second),
        "baselines": baselines,
        "gates": gates,
        "parameters": parameter_count(size),
        "weights_sha256": export.weights_sha256(tensors),
        "text": text.as_json() | {"train_tokens": len(learner.ids)},
        "training": {"steps": steps, "tokens": training_tokens(job.inputs), "device_kind": surroundings.device_kind},
        "resume": found.as_json(),
    }
    done_here = steps - (found.resumed.step if found.resumed else 0)
    spent = energy.report(begin, energy.read(), coverage=done_here / steps)
    export.write_json(folder / "metrics.json", metrics)
    export.write_json(folder / "energy.json", spent)
    (folder / "README.md").write_text(card.write(job, size, metrics, spent))
    for gate in gates:
        say(f"gate {gate['name']}: {'passed' if gate['passed'] else 'FAILED'} ({gate['value']:.5g})")
    with stop.deferred():
        output.commit(step=steps, surroundings=surroundings, weights_sha256=metrics["weights_sha256"])
        stop.finish()
    return metrics
