"""Recipes: what a training job can be. `get(name)` and `all_recipes()` are the way in."""

from compute.recipes.registry import UnknownRecipe, all_recipes, code_sha256, environment_digest, get

__all__ = ["UnknownRecipe", "all_recipes", "code_sha256", "environment_digest", "get"]
