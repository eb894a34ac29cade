"""A recipe's field declaration as serializers: the OpenAPI file shows each recipe's own fields."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from compute.recipes import registry
from compute.recipes.base import Field, FieldType, Recipe
from compute.recipes.values import TEXT_LIMIT

NAME_LENGTH = 120


def _common(field: Field) -> dict[str, Any]:
    text = " ".join(filter(None, [f"{field.label}.", field.help, f"({field.unit})" if field.unit else ""]))
    if field.default is None:
        return {"required": field.required and field.visible_if is None, "help_text": text}
    return {"required": False, "help_text": text, "default": field.default}


def serializer_field(field: Field) -> serializers.Field[Any, Any, Any, Any]:
    """One declared input as the API documents it; the recipe itself validates."""
    common = _common(field)
    match field.type:
        case FieldType.INT:
            return serializers.IntegerField(min_value=field.minimum, max_value=field.maximum, **common)  # type: ignore[arg-type]
        case FieldType.FLOAT:
            return serializers.FloatField(min_value=field.minimum, max_value=field.maximum, **common)  # type: ignore[arg-type]
        case FieldType.BOOL:
            return serializers.BooleanField(**common)
        case FieldType.CHOICE:
            choices = [(choice.value, choice.label) for choice in field.choices]
            return serializers.ChoiceField(choices=choices, allow_blank=not field.required, **common)
        case FieldType.INT_LIST:
            child = serializers.IntegerField(min_value=field.minimum, max_value=field.item_maximum)  # type: ignore[arg-type]
            return serializers.ListField(child=child, **common)
        case FieldType.TEXT:
            most = int(field.maximum) if field.maximum is not None else TEXT_LIMIT
            return serializers.CharField(max_length=most, allow_blank=not field.required, **common)
        case _:
            return serializers.CharField(max_length=200, allow_blank=not field.required, **common)


def inputs_serializer(recipe: Recipe) -> type[serializers.Serializer[Any]]:
    """The inputs of one recipe."""
    declared = {field.name: serializer_field(field) for field in recipe.all_fields}
    return type(f"{_camel(recipe.name)}Inputs", (serializers.Serializer,), {"__doc__": recipe.summary, **declared})


def submission_serializer(recipe: Recipe) -> type[serializers.Serializer[Any]]:
    """A whole submission of one recipe."""
    body = {
        "__doc__": recipe.label,
        "recipe": serializers.ChoiceField(choices=[(recipe.name, recipe.label)]),
        "allocation": serializers.CharField(help_text="Id of the allocation that pays."),
        "name": serializers.CharField(max_length=NAME_LENGTH),
        "inputs": inputs_serializer(recipe)(),
        "accepted_warnings": serializers.ListField(
            child=serializers.CharField(), required=False, help_text="Ids of the clauses that only warn."
        ),
    }
    return type(f"{_camel(recipe.name)}Submission", (serializers.Serializer,), body)


def any_submission() -> PolymorphicProxySerializer:
    """What submitting takes, told apart by `recipe`."""
    return PolymorphicProxySerializer(
        component_name="JobSubmission",
        serializers={recipe.name: submission_serializer(recipe) for recipe in registry.all_recipes()},
        resource_type_field_name="recipe",
    )


def _camel(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))
