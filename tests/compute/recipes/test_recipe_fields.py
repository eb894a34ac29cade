"""One reading of values for form, API, command line and `train.py`."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute import recipes
from compute.recipes.base import Accelerator, Accepts, Choice, Field, FieldType, Recipe, Refusal
from compute.recipes.values import Unfit, parse
from tests.compute.recipes.stdlib_runner.recipe import RECIPE as RUNNER

PRETRAIN = recipes.get("pretrain_lm")


def refused(recipe: Recipe = PRETRAIN, **values: Any) -> Refusal:
    refusals = recipe.clean(values).refusals
    assert len(refusals) == 1, refusals
    return refusals[0]


FIELDS = {
    FieldType.INT: Field(name="x", type=FieldType.INT, label="X", minimum=-5, maximum=2**32 - 1),
    FieldType.FLOAT: Field(name="x", type=FieldType.FLOAT, label="X", minimum=1e-6, maximum=1e-2),
    FieldType.BOOL: Field(name="x", type=FieldType.BOOL, label="X"),
    FieldType.TEXT: Field(name="x", type=FieldType.TEXT, label="X", maximum=20, multiline=True),
    FieldType.CHOICE: Field(name="x", type=FieldType.CHOICE, label="X", choices=(Choice("a", "A"), Choice("b", "B"))),
    FieldType.INT_LIST: Field(
        name="x", type=FieldType.INT_LIST, label="X", minimum=0, maximum=3, item_maximum=9, required=False
    ),
    FieldType.MODEL: Field(name="x", type=FieldType.MODEL, label="X", accepts=Accepts("model")),
    FieldType.DATASET: Field(name="x", type=FieldType.DATASET, label="X", accepts=Accepts("dataset")),
}


@pytest.mark.parametrize(
    ("type_", "raw", "clean"),
    [
        (FieldType.INT, 7, 7),
        (FieldType.INT, " 7 ", 7),
        (FieldType.INT, "+7", 7),
        (FieldType.INT, "-5", -5),
        (FieldType.INT, str(2**32 - 1), 2**32 - 1),
        (FieldType.FLOAT, "2e-3", 0.002),
        (FieldType.FLOAT, ".002", 0.002),
        (FieldType.FLOAT, 0.01, 0.01),
        (FieldType.BOOL, "on", True),
        (FieldType.BOOL, "False", False),
        (FieldType.BOOL, True, True),
        (FieldType.TEXT, " a\r\nb ", "a\nb"),
        (FieldType.TEXT, "😀" * 20, "😀" * 20),
        (FieldType.CHOICE, "b", "b"),
        (FieldType.INT_LIST, "1, 2,3", [1, 2, 3]),
        (FieldType.INT_LIST, [0, 9], [0, 9]),
        (FieldType.DATASET, "aurora/corpus@v1", "aurora/corpus@v1"),
        (FieldType.MODEL, "01JX5Q6W2N9Z0V3C4B5M6N7P8Q", "01JX5Q6W2N9Z0V3C4B5M6N7P8Q"),
    ],
)
def test_value_is_read(type_: FieldType, raw: Any, clean: Any) -> None:
    value = parse(FIELDS[type_], raw)
    assert value == clean
    assert type(value) is type(clean)


@pytest.mark.parametrize(
    ("type_", "raw"),
    [
        (FieldType.INT, True),
        (FieldType.INT, 7.0),
        (FieldType.INT, "7.0"),
        (FieldType.INT, "1_000"),
        (FieldType.INT, "1,000"),
        (FieldType.INT, "٣"),
        (FieldType.INT, "9" * 5000),
        (FieldType.INT, 2**32),
        (FieldType.INT, -6),
        (FieldType.INT, [7]),
        (FieldType.INT, {}),
        (FieldType.FLOAT, math.nan),
        (FieldType.FLOAT, math.inf),
        (FieldType.FLOAT, "nan"),
        (FieldType.FLOAT, "-inf"),
        (FieldType.FLOAT, "1e999"),
        (FieldType.FLOAT, 10**400),
        (FieldType.FLOAT, "0,002"),
        (FieldType.FLOAT, False),
        (FieldType.FLOAT, 0.0),
        (FieldType.BOOL, "maybe"),
        (FieldType.BOOL, 1),
        (FieldType.BOOL, []),
        (FieldType.TEXT, 5),
        (FieldType.TEXT, "a\0b"),
        (FieldType.TEXT, "\ud800"),
        (FieldType.TEXT, "x" * 21),
        (FieldType.CHOICE, "c"),
        (FieldType.CHOICE, ["a"]),
        (FieldType.INT_LIST, "1,,2"),
        (FieldType.INT_LIST, [1, 2, 3, 4]),
        (FieldType.INT_LIST, [10]),
        (FieldType.INT_LIST, [True]),
        (FieldType.INT_LIST, 5),
        (FieldType.DATASET, "../etc/passwd"),
        (FieldType.DATASET, "a b"),
        (FieldType.MODEL, 5),
    ],
)
def test_value_is_refused_with_rule_and_way_out(type_: FieldType, raw: Any) -> None:
    with pytest.raises(Unfit) as problem:
        parse(FIELDS[type_], raw)
    refusal = problem.value.refusal
    assert refusal.field == "x"
    assert refusal.rule.startswith("X ")
    assert refusal.way_out.endswith(".")
    json.dumps(refusal.as_json())


def test_range_names_the_limits_and_a_multiple_names_its_neighbours() -> None:
    assert refused(seed=2**32).rule == "Seed must be between 0 and 4294967295."
    refusal = refused(preset="custom", hidden=100)
    assert refusal.rule == "Hidden size must be a multiple of 64."
    assert refusal.way_out == "Choose 64 or 128."


def test_unknown_field_is_refused_by_name() -> None:
    assert refused(layer=3).rule == "“layer” is no field of the recipe pretrain_lm."
    assert refused(**{"x" * 500: 1}).field == "x" * 128


def test_missing_takes_the_default_but_an_emptied_required_field_is_refused() -> None:
    assert PRETRAIN.clean({}).values["seed"] == 0
    assert PRETRAIN.clean({"seed": None}).values["seed"] == 0
    assert refused(seed=" ").rule == "Seed is missing."
    assert PRETRAIN.clean({"notes": "", "max_wait_hours": ""}).values["max_wait_hours"] is None


def test_a_required_reference_without_a_default_is_asked_for_where_it_counts() -> None:
    assert refused(source="dataset").field == "dataset"
    assert PRETRAIN.clean({"source": "dataset", "dataset": "a/b"}).values["dataset"] == "a/b"
    assert refused(dataset="a/b").rule == "Data set has no effect with the chosen source."


def test_preset_fixes_sizes_and_only_defaults_the_rest() -> None:
    values = PRETRAIN.clean({"preset": "tiny"}).values
    assert (values["layers"], values["hidden"], values["max_steps"]) == (1, 64, 40)
    assert PRETRAIN.clean({"preset": "tiny", "max_steps": 7}).values["max_steps"] == 7
    assert refused(preset="tiny", layers=3).way_out == "Choose custom as preset, or leave this field out."


def test_a_form_that_posts_hidden_fields_with_their_defaults_is_accepted() -> None:
    defaults = {field.name: field.default for field in PRETRAIN.all_fields if field.default is not None}
    cleaned = PRETRAIN.clean(defaults | {"preset": "tiny"})
    assert cleaned.refusals == ()
    assert cleaned.values["hidden"] == 64


def test_all_problems_are_told_at_once() -> None:
    refusals = PRETRAIN.clean({"seed": -1, "max_steps": "x", "urgency": "never"}).refusals
    assert {refusal.field for refusal in refusals} == {"seed", "max_steps", "urgency"}


def test_a_publication_needs_a_licence() -> None:
    inputs = PRETRAIN.clean({"publish_on_success": True}).values
    assert [refusal.field for refusal in PRETRAIN.check(inputs, {})] == ["licence"]
    assert PRETRAIN.check(inputs | {"licence": "mit"}, {}) == []


def test_a_data_set_without_text_is_refused_when_its_files_are_known() -> None:
    inputs = PRETRAIN.clean({"source": "dataset", "dataset": "a/b"}).values
    assert PRETRAIN.check(inputs, {"dataset": {"files": ["a.txt"]}}) == []
    assert PRETRAIN.check(inputs, {}) == []
    assert [r.field for r in PRETRAIN.check(inputs, {"dataset": {"files": ["a.png"]}})] == ["dataset"]


def test_refusal_is_translated_with_its_label() -> None:
    french = {
        "%(label)s must be between %(low)s and %(high)s.": "%(label)s : entre %(low)s et %(high)s.",
        "Seed": "Graine",
    }
    translated = refused(seed=-1).translated(lambda text: french.get(text, text))
    assert translated.rule == "Graine : entre 0 et 4294967295."


def test_refusal_without_a_label_is_translated_too() -> None:
    unknown = refused(nonsense=1)
    assert "label" not in unknown.params
    assert unknown.translated(lambda text: f"« {text} »") == Refusal(
        "nonsense", f"« {unknown.rule} »", f"« {unknown.way_out} »", unknown.msgids, unknown.params
    )


def values_for(field: Field) -> st.SearchStrategy[Any]:
    """Fit and unfit values, as JSON or as a form sends them."""
    edges = [
        edge for limit in (field.minimum, field.maximum) if limit is not None for edge in (limit - 1, limit, limit + 1)
    ]
    junk: list[Any] = ["", " ", None, "nan", "inf", math.nan, math.inf, 2**32, 10**400, True, [], {}, "\0", -1, 0, 1.5]
    pool = [*edges, *map(str, edges), *(choice.value for choice in field.choices), field.default, *junk]
    return st.one_of(st.sampled_from(pool), st.integers(), st.floats(), st.text(max_size=20))


@st.composite
def forms(draw: st.DrawFn, recipe: Recipe) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(recipe.all_fields), unique_by=lambda field: field.name, max_size=8))
    return {field.name: draw(values_for(field)) for field in chosen}


@pytest.mark.parametrize("recipe", [PRETRAIN, RUNNER], ids=lambda recipe: recipe.name)
@given(data=st.data())
def test_what_is_accepted_reads_back_the_same_in_the_job(recipe: Recipe, data: st.DataObject) -> None:
    cleaned = recipe.clean(data.draw(forms(recipe)))
    for refusal in cleaned.refusals:
        assert refusal.rule
        assert refusal.way_out
        assert refusal.field not in cleaned.values
    if cleaned.refusals:
        return
    assert set(cleaned.values) == set(recipe.by_name)
    wire = json.loads(json.dumps(cleaned.values, allow_nan=False))
    again = recipe.clean(wire)
    assert again.refusals == ()
    assert again.values == cleaned.values
    assert recipe.resources(again.values).memory_bytes > 0
    assert recipe.estimate(again.values, Accelerator("cpu")).accelerator_seconds > 0
    assert recipe.command(again.values)
