"""Which recipes exist, and the hashes that say which code and environment a job ran.

Extra recipes (an institute's own, or those of tests) are dotted packages in the environment
variable HEADWATERS_EXTRA_RECIPES, separated by commas.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path

from compute.recipes.base import Recipe

CODE_ROOT = Path(__file__).resolve().parents[2]
BUILT_IN = ("compute.recipes.pretrain_lm",)
EXTRA_VARIABLE = "HEADWATERS_EXTRA_RECIPES"


class UnknownRecipe(LookupError):
    """No recipe has this name."""


def all_recipes() -> tuple[Recipe, ...]:
    """Every recipe, built-in ones first. Imports `recipe.py` of each, nothing heavy."""
    extra = [package.strip() for package in os.environ.get(EXTRA_VARIABLE, "").split(",")]
    packages = dict.fromkeys([*BUILT_IN, *filter(None, extra)])
    return tuple(_load(package) for package in packages)


def get(name: str) -> Recipe:
    """The recipe called `name`. Raises UnknownRecipe, which names those that exist."""
    known = {recipe.name: recipe for recipe in all_recipes()}
    if name not in known:
        raise UnknownRecipe(f"There is no recipe “{name}”. Choose one of: {', '.join(known)}.")
    return known[name]


def _load(package: str) -> Recipe:
    recipe = importlib.import_module(f"{package}.recipe").RECIPE
    if not isinstance(recipe, Recipe) or recipe.package != package:
        raise TypeError(f"{package}.recipe must define RECIPE, a Recipe whose package is {package!r}")
    return recipe


def source_files(recipe: Recipe) -> list[Path]:
    """The sources whose change can change a result: the recipe's folder, the runtime, the contract."""
    recipes = Path(__file__).resolve().parent
    folder = CODE_ROOT / recipe.package.replace(".", "/")
    return sorted({*recipes.glob("*.py"), *(recipes / "runtime").rglob("*.py"), *folder.rglob("*.py")})


def code_sha256(recipe: Recipe) -> str:
    """Hash over path, length and bytes of the sorted source files."""
    digest = hashlib.sha256()
    for path in source_files(recipe):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(CODE_ROOT).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def lock_file(recipe: Recipe) -> Path:
    return CODE_ROOT / "requirements" / f"{recipe.environment}.txt"


def environment_digest(recipe: Recipe) -> str:
    """sha256 of the environment's lock file: the local counterpart of an image digest."""
    return hashlib.sha256(lock_file(recipe).read_bytes()).hexdigest()
