"""The real recipe, in its own environment: exactness, the reload gate, transformers, the demo."""

from __future__ import annotations

import json
import math
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compute.recipes.pretrain_lm.size import Size, parameter_count
from compute.recipes.registry import CODE_ROOT
from tests.compute.recipes import safetensors_file
from tests.compute.recipes.training import Training, gate, interpreter

pytestmark = [pytest.mark.recipes, pytest.mark.xdist_group("pretrain_lm")]

RECIPE = "compute.recipes.pretrain_lm"
Make = Callable[..., Training]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled programs, shared by the tests as by the attempts of one machine."""
    return tmp_path_factory.mktemp("jax-cache")


def job(root: Path, cache: Path, **inputs: Any) -> Training:
    made = Training(root, RECIPE, "recipes-jax", {"preset": "tiny"} | inputs)
    made.environ |= {"JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    return made


@pytest.fixture
def make(tmp_path: Path, cache: Path) -> Make:
    def begin(**inputs: Any) -> Training:
        return job(tmp_path / "job", cache, **inputs)

    return begin


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Training:
    """A finished tiny run; tests copy its output before they break it."""
    finished = job(tmp_path_factory.mktemp("tiny"), cache)
    ended = finished.run()
    assert ended.code == 0, ended.errors
    assert ended.cpu_seconds < 30
    return finished


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Training, float]:
    finished = job(tmp_path_factory.mktemp("demo"), cache, preset="demo")
    ended = finished.run()
    assert ended.code == 0, ended.errors
    return finished, ended.cpu_seconds


def in_environment(environment: str, module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [interpreter(environment), "-m", module, *map(str, arguments)]
    return subprocess.run(command, cwd=CODE_ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_tiny_run_leaves_a_whole_artefact(tiny: Training) -> None:
    manifest, metrics = tiny.manifest(), tiny.metrics()
    assert {entry["path"] for entry in manifest["files"]} == {
        "README.md",
        "config.json",
        "energy.json",
        "generation_config.json",
        "metrics.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert manifest["weights_sha256"] == metrics["weights_sha256"]
    assert manifest["weights_sha256"] == tiny.manifest(tiny.checkpoint(1, 40))["weights_sha256"]
    assert manifest["libraries"]["jax"] == "0.10.2"
    tensors = safetensors_file.read(tiny.output / "model.safetensors")
    assert sum(math.prod(shape) for shape, _ in tensors.values()) == parameter_count(Size(1, 64, 512, 64))
    assert all(entry["passed"] for entry in metrics["gates"])
    assert gate(metrics, "reload")["value"] < 1e-5
    card = (tiny.output / "README.md").read_text()
    for needed in (
        "| donors | 01DONOR |",
        "| seed | 0 |",
        "token unigram (baseline)",
        "## Limits",
        "| energy | ",
        "passed",
    ):
        assert needed in card
    energy = json.loads((tiny.output / "energy.json").read_text())
    assert energy["total"]["method"] in {"measured", "constant"}


def test_killed_and_resumed_ends_with_the_same_bytes(tmp_path: Path, cache: Path) -> None:
    inputs = {"max_steps": 200, "checkpoint_every_steps": 15, "seed": 3}
    whole = job(tmp_path / "whole", cache, **inputs)
    cpu = whole.run().cpu_seconds
    killed = job(tmp_path / "killed", cache, **inputs)
    killed.start()
    killed.wait_for("step 48/200")
    killed.send(signal.SIGKILL)
    ended = killed.end()
    assert ended.code == -signal.SIGKILL
    cpu += ended.cpu_seconds
    last = killed.steps()[-1]
    killed.grant(2)
    ended = killed.run(fence=2, resume=killed.checkpoint(1, last))
    assert ended.code == 0, ended.errors
    assert f"resumed after step {last}\n" in ended.log
    assert killed.manifest()["weights_sha256"] == whole.manifest()["weights_sha256"]
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (killed.output / name).read_bytes() == (whole.output / name).read_bytes()
    assert killed.metrics()["resume"] == {"from_step": last, "exact": True, "differences": [], "rejected": []}
    assert cpu + ended.cpu_seconds < 60


@pytest.mark.soak
@pytest.mark.parametrize("trial", range(20))
def test_killed_at_a_random_moment_ends_with_the_same_bytes(tmp_path: Path, cache: Path, trial: int) -> None:
    inputs = {"max_steps": 150, "checkpoint_every_steps": 7, "seed": trial}
    whole = job(tmp_path / "whole", cache, **inputs)
    assert whole.run().code == 0
    killed = job(tmp_path / "killed", cache, **inputs)
    killed.start()
    killed.wait_for(f"step {random.randrange(1, 150)}/150")
    killed.send(signal.SIGKILL)
    killed.end()
    steps = killed.steps()
    killed.grant(2)
    ended = killed.run(fence=2, resume=killed.checkpoint(1, steps[-1]) if steps else None)
    assert ended.code == 0, ended.errors
    assert (killed.output / "model.safetensors").read_bytes() == (whole.output / "model.safetensors").read_bytes()


def test_a_flipped_bit_in_the_state_falls_back_to_the_checkpoint_before(tmp_path: Path, tiny: Training) -> None:
    copy = Training(tmp_path / "job", RECIPE, "recipes-jax", {"preset": "tiny"})
    copy.environ = tiny.environ
    shutil.copytree(tiny.checkpoints, copy.checkpoints)
    state = max((copy.checkpoint(1, 30) / "state").rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 1
    state.write_bytes(content)
    copy.grant(2)
    ended = copy.run(fence=2, resume=copy.checkpoint(1, 30))
    assert "Checkpoint 1/30 cannot be used: state/" in ended.log
    assert "resumed after step 20" in ended.log
    assert copy.manifest()["weights_sha256"] == tiny.manifest()["weights_sha256"]


def test_a_stop_ends_within_the_grace_with_a_checkpoint(make: Make) -> None:
    stopped = make(max_steps=100_000, checkpoint_every_steps=0)
    stopped.start()
    stopped.wait_for("step 1000/")
    stopped.send(signal.SIGTERM)
    ended = stopped.end()
    assert ended.code == 75
    assert len(stopped.steps()) == 1


def test_a_stop_before_the_first_step_ends_too(make: Make) -> None:
    stopped = make()
    stopped.start()
    stopped.wait_for("text: ")
    stopped.send(signal.SIGTERM)
    assert stopped.end().code == 75


def test_a_step_without_a_finite_loss_is_skipped_whole() -> None:
    done = in_environment("recipes-jax", "tests.compute.recipes.probes.broken_step")
    assert done.returncode == 0, done.stderr


def test_uploaded_text_is_learnt_from(make: Make) -> None:
    training = make(source="dataset", dataset="aurora/words", max_steps=10)
    words = "".join(f"The river number {n} flows to the sea, and so does number {n * n}.\n" for n in range(4_000))
    training.add_file("rivers.txt", words.encode())
    training.add_file("picture.png", b"\x89PNG")
    ended = training.run()
    assert ended.code == 0, ended.errors
    assert training.metrics()["text"]["label"] == "the data set aurora/words"
    assert training.metrics()["text"]["train_bytes"] > 100_000


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.txt", b"\xff\xfe\x00" * 9_000, "is not UTF-8 text"),
        ("a.txt", b"few words", "There are 9 bytes of text"),
        ("a.png", b"x" * 90_000, "There are 0 bytes of text"),
    ],
)
def test_unusable_text_ends_with_65(make: Make, name: str, content: bytes, rule: str) -> None:
    training = make(source="dataset", dataset="aurora/words")
    training.add_file(name, content)
    ended = training.run()
    assert ended.code == 65
    assert rule in ended.refusal["rule"]


def verify(artefact: Path, tiny: Training) -> dict[str, Any]:
    done = in_environment(
        "recipes-jax", f"{RECIPE}.verify", "--artefact", artefact, "--inputs", tiny.root / "inputs.json"
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if answer["passed"] else 1)
    return answer


def test_the_gate_measures_the_same_again(tiny: Training) -> None:
    answer = verify(tiny.output, tiny)
    assert answer["passed"]
    assert answer["weights_sha256"] == tiny.metrics()["weights_sha256"]
    assert answer["held_out_sha256"] == tiny.metrics()["text"]["held_out_sha256"]


Q, K = (f"model.layers.0.self_attn.{name}_proj.weight" for name in "qk")
GATE, UP = (f"model.layers.0.mlp.{name}_proj.weight" for name in ("gate", "up"))
NORM = "model.norm.weight"


def scale(t: safetensors_file.Tensors, name: str, factor: float) -> None:
    t[name] = (t[name][0], safetensors_file.scaled(t[name][1], factor))


def swap(t: safetensors_file.Tensors, one: str, other: str) -> None:
    t[one], t[other] = t[other], t[one]


WEIGHT_BREAKAGES: dict[str, tuple[Callable[[safetensors_file.Tensors], object], str]] = {
    "scaled": (lambda t: scale(t, NORM, 1.5), "claimed"),
    "swapped": (lambda t: swap(t, "model.layers.0.input_layernorm.weight", NORM), "claimed"),
    "dropped": (lambda t: t.pop(Q), f"missing tensors: {Q}"),
    "unexpected": (lambda t: t.update({"lm_head.weight": t[NORM]}), "unexpected tensors: lm_head.weight"),
    "misshapen": (lambda t: t.update({Q: t[UP]}), f"{Q} has shape"),
    "not finite": (lambda t: scale(t, Q, math.inf), f"{Q} holds values that are no numbers"),
}


@pytest.mark.parametrize("breakage", WEIGHT_BREAKAGES)
def test_the_gate_refuses_broken_weights(tmp_path: Path, tiny: Training, breakage: str) -> None:
    artefact = tmp_path / "artefact"
    shutil.copytree(tiny.output, artefact)
    (artefact / "manifest.json").unlink()
    tensors = safetensors_file.read(artefact / "model.safetensors")
    change, reason = WEIGHT_BREAKAGES[breakage]
    change(tensors)
    safetensors_file.write(artefact / "model.safetensors", tensors)
    answer = verify(artefact, tiny)
    assert not answer["passed"]
    assert reason in answer["reason"]


FILE_BREAKAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pickle": (lambda a: (a / "pytorch_model.bin").write_bytes(b"x"), "it holds pickles: pytorch_model.bin"),
    "a changed file": (lambda a: (a / "config.json").write_text("{}"), "config.json has 2 bytes instead of"),
    "a truncated file": (lambda a: cut(a / "model.safetensors"), "model.safetensors has"),
    "a flipped bit": (lambda a: flip(a / "model.safetensors"), "model.safetensors does not have its sha256"),
}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("breakage", FILE_BREAKAGES)
def test_the_gate_refuses_files_that_are_not_the_committed_ones(tmp_path: Path, tiny: Training, breakage: str) -> None:
    artefact = tmp_path / "artefact"
    shutil.copytree(tiny.output, artefact)
    change, reason = FILE_BREAKAGES[breakage]
    change(artefact)
    answer = verify(artefact, tiny)
    assert not answer["passed"]
    assert reason in answer["reason"]


def test_demo_beats_the_unigram_baseline_by_a_wide_margin_within_its_budget(demo: tuple[Training, float]) -> None:
    training, cpu_seconds = demo
    metrics = training.metrics()
    bits = metrics["values"]["bits_per_byte"]["value"]
    assert bits <= 2.40
    assert bits <= 0.85 * metrics["baselines"]["token_unigram"]["bits_per_byte"]
    assert bits <= 0.60 * metrics["baselines"]["byte_unigram"]["bits_per_byte"]
    assert 10_000_000 < metrics["text"]["train_bytes"] < 14_000_000
    assert metrics["parameters"] == 901_760
    assert cpu_seconds < 60


def test_demo_opens_in_transformers_with_equal_logits(tmp_path: Path, demo: tuple[Training, float]) -> None:
    artefact = demo[0].output
    texts = tmp_path / "texts.json"
    sample = (CODE_ROOT / "compute/recipes/base.py").read_text()
    texts.write_text(json.dumps(["import os", "  é 😀\ttabs\r\n\n", "日本語", sample]))
    answer = tmp_path / "answer.safetensors"
    done = in_environment("recipes-jax", "tests.compute.recipes.probes.jax_logits", artefact, texts, answer)
    assert done.returncode == 0, done.stderr
    done = in_environment("recipes-torch", "tests.compute.recipes.probes.torch_logits", artefact, texts, answer)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["class"] == "LlamaForCausalLM"
    assert (report["missing"], report["unexpected"]) == ([], [])
    assert report["parameters"] == 901_760
    assert report["ids_equal"]
    assert report["end"] == "<|end|>"
    assert report["difference"]["trained"] < 1e-4
    assert report["difference"]["reference"] < 1e-4
