"""What a recipe's files may load, and what every declaration must hold."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from compute import recipes
from compute.recipes.base import Accelerator, FieldType, Recipe
from compute.recipes.fields import REFERENCES
from compute.recipes.job_fields import job_fields
from compute.recipes.registry import CODE_ROOT, EXTRA_VARIABLE, UnknownRecipe, lock_file, source_files
from tests.compute.recipes.stdlib_runner.recipe import RECIPE as RUNNER

HEAVY = ("django", "torch", "jax", "numpy", "flax", "tokenizers", "wandb", "institute", "grants")
RECIPES = [*recipes.all_recipes(), RUNNER]


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=CODE_ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipe_file_loads_nothing_heavy(recipe: Recipe) -> None:
    assert loaded_by(f"import {recipe.package}.recipe").intersection(HEAVY) == set()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_train_file_loads_no_django_and_nothing_heavy_before_it_runs(recipe: Recipe) -> None:
    assert loaded_by(f"import {recipe.package}.train").intersection(HEAVY) == set()


def test_contract_is_standard_library_only() -> None:
    known = set(sys.stdlib_module_names) | {"compute", "__main__"}
    plain = loaded_by("pass")
    assert loaded_by("import compute.recipes, compute.recipes.base, compute.recipes.runtime.entry") - plain <= known


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_declaration_is_complete(recipe: Recipe) -> None:
    names = [field.name for field in recipe.all_fields]
    assert len(names) == len(set(names))
    for field in recipe.all_fields:
        assert field.label
        assert (field.type is FieldType.CHOICE) == bool(field.choices)
        assert (field.type in REFERENCES) == (field.accepts is not None)
        if field.visible_if:
            condition = recipe.by_name[field.visible_if.name]
            assert condition.visible_if is None
            assert set(field.visible_if.values) <= {choice.value for choice in condition.choices}
    for preset in recipe.presets.values():
        assert set(preset) <= set(names)
    assert lock_file(recipe).exists()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_defaults_are_clean_and_give_resources_estimate_and_command(recipe: Recipe) -> None:
    cleaned = recipe.clean({})
    assert cleaned.refusals == ()
    assert recipe.check(cleaned.values, {}) == []
    assert recipe.resources(cleaned.values).accelerators == 1
    assert recipe.estimate(cleaned.values, Accelerator("cpu")).accelerator_seconds > 0
    assert recipe.command(cleaned.values)[0] == "python"


def test_estimate_follows_six_flops_per_parameter_and_token() -> None:
    recipe = recipes.get("pretrain_lm")
    inputs = recipe.clean({"preset": "custom", "max_steps": 100_000}).values
    estimate = recipe.estimate(inputs, Accelerator("gpu", peak_flops=10**14))
    assert estimate.parameters == 901_760
    assert estimate.tokens == 100_000 * 8 * 128
    assert estimate.accelerator_seconds == 25 + int(6 * 901_760 * 102_400_000 / (10**14 * 0.3))


def test_extra_recipes_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EXTRA_VARIABLE, raising=False)
    with pytest.raises(UnknownRecipe, match="Choose one of: pretrain_lm"):
        recipes.get("stdlib_runner")
    monkeypatch.setenv(EXTRA_VARIABLE, "tests.compute.recipes.stdlib_runner")
    assert recipes.get("stdlib_runner") is RUNNER


def test_a_package_without_a_recipe_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXTRA_VARIABLE, "compute.recipes.runtime")
    with pytest.raises(ModuleNotFoundError):
        recipes.all_recipes()


def test_a_recipe_under_another_packages_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["tests.compute.recipes.stdlib_runner.recipe"], "RECIPE", RECIPES[0])
    monkeypatch.setenv(EXTRA_VARIABLE, "tests.compute.recipes.stdlib_runner")
    with pytest.raises(TypeError, match=r"whose package is 'tests\.compute\.recipes\.stdlib_runner'"):
        recipes.all_recipes()


def test_a_default_for_a_field_that_no_job_has_is_an_error() -> None:
    assert [field.default for field in job_fields({"retries": 2}) if field.name == "retries"] == [2]
    with pytest.raises(ValueError, match=r"\['retires'\]"):
        job_fields({"retires": 2})


def test_code_hash_covers_recipe_runtime_and_contract() -> None:
    names = {path.relative_to(CODE_ROOT).as_posix() for path in source_files(RUNNER)}
    assert {
        "compute/recipes/base.py",
        "compute/recipes/runtime/checkpoints.py",
        "tests/compute/recipes/stdlib_runner/train.py",
    } <= names
    assert not any("wrapper" in name for name in names)
    assert recipes.code_sha256(RUNNER) == recipes.code_sha256(RUNNER)
    assert recipes.code_sha256(RUNNER) != recipes.code_sha256(recipes.get("pretrain_lm"))


def test_environment_digest_is_the_hash_of_the_lock_file() -> None:
    assert len(recipes.environment_digest(RUNNER)) == 64
    assert recipes.environment_digest(RUNNER) != recipes.environment_digest(recipes.get("pretrain_lm"))


def test_runner_starts_quickly() -> None:
    script = "import tests.compute.recipes.stdlib_runner.train"
    before = _children()
    subprocess.run([sys.executable, "-c", script], cwd=CODE_ROOT, check=True)
    assert _children() - before < 0.3


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system
