"""The inputs that every training job has, whatever its recipe. Declared once.

Project, allocation and accelerator type are references the platform resolves before a recipe is
asked; they are fields of the job, not of its recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compute.recipes.fields import Choice, Field, FieldType, Refusal, Scale, gettext_noop, refuse

_ = gettext_noop

MAX_SEED = 2**32 - 1

LICENCES = (
    Choice("", _("not chosen yet")),
    Choice("apache-2.0", "Apache 2.0"),
    Choice("mit", "MIT"),
    Choice("bsd-3-clause", "BSD 3-Clause"),
    Choice("cc0-1.0", "CC0 1.0"),
    Choice("cc-by-4.0", "CC BY 4.0"),
    Choice("cc-by-sa-4.0", "CC BY-SA 4.0"),
    Choice("cc-by-nc-4.0", "CC BY-NC 4.0"),
    Choice("openrail", "OpenRAIL"),
)

JOB_FIELDS: tuple[Field, ...] = (
    Field(
        name="max_steps",
        type=FieldType.INT,
        label=_("Steps"),
        help=_("Training ends after this many optimizer steps."),
        default=1000,
        minimum=1,
        maximum=1_000_000,
        scale=Scale.LOG,
    ),
    Field(
        name="seed",
        type=FieldType.INT,
        label=_("Seed"),
        help=_("Batches and starting weights follow from it; the same seed gives the same model."),
        default=0,
        minimum=0,
        maximum=MAX_SEED,
    ),
    Field(
        name="wall_limit_minutes",
        type=FieldType.INT,
        label=_("Time limit"),
        help=_("The job is stopped after this time. It also sets how many hours are held."),
        default=60,
        minimum=1,
        maximum=10_080,
        unit=_("minutes"),
    ),
    Field(
        name="licence",
        type=FieldType.CHOICE,
        label=_("Licence of the result"),
        help=_("Needed before anything is published."),
        default="",
        required=False,
        choices=LICENCES,
    ),
    Field(
        name="publish_on_success",
        type=FieldType.BOOL,
        label=_("Draft a publication when it succeeds"),
        help=_("Drafts a candidate revision; publishing stays a reviewed step."),
        default=False,
    ),
    Field(
        name="notes",
        type=FieldType.TEXT,
        label=_("Notes"),
        help=_("For your colleagues; kept with the job."),
        default="",
        required=False,
        maximum=10_000,
        multiline=True,
    ),
    Field(
        name="tracker_project",
        type=FieldType.TEXT,
        label=_("Tracker project"),
        help=_("Where the run appears. Empty: the project's own."),
        default="",
        required=False,
        maximum=128,
        advanced=True,
    ),
    Field(
        name="checkpoint_every_minutes",
        type=FieldType.INT,
        label=_("Checkpoint every"),
        help=_("An interrupted job loses at most this much work."),
        default=10,
        minimum=1,
        maximum=120,
        unit=_("minutes"),
        advanced=True,
    ),
    Field(
        name="retries",
        type=FieldType.INT,
        label=_("Retries"),
        help=_("How often to start again when the recipe itself fails. Interruptions do not count."),
        default=0,
        minimum=0,
        maximum=9,
        advanced=True,
    ),
    Field(
        name="urgency",
        type=FieldType.CHOICE,
        label=_("Urgency"),
        help=_("Orders your own project's queue."),
        default="normal",
        choices=(Choice("low", _("low")), Choice("normal", _("normal")), Choice("high", _("high"))),
        advanced=True,
    ),
    Field(
        name="max_wait_hours",
        type=FieldType.INT,
        label=_("Longest wait"),
        help=_("Give up when the job has not started by then. Empty: wait without end."),
        default=None,
        required=False,
        minimum=1,
        maximum=8_760,
        unit=_("hours"),
        advanced=True,
    ),
    Field(
        name="may_extend",
        type=FieldType.BOOL,
        label=_("May be extended"),
        help=_("The time limit may be raised while it runs, if the allocation has hours left."),
        default=False,
        advanced=True,
    ),
    Field(
        name="may_move",
        type=FieldType.BOOL,
        label=_("May move to another cluster"),
        help=_("After an interruption it may go on elsewhere, from its last checkpoint."),
        default=True,
        advanced=True,
    ),
)


def job_fields(defaults: Mapping[str, Any]) -> tuple[Field, ...]:
    """The fields of every job, with a recipe's own defaults in place."""
    unknown = set(defaults) - {declared.name for declared in JOB_FIELDS}
    if unknown:
        raise ValueError(f"defaults for fields that no job has: {sorted(unknown)}")
    return tuple(
        replace(declared, default=defaults[declared.name]) if declared.name in defaults else declared
        for declared in JOB_FIELDS
    )


def check_job_inputs(inputs: Mapping[str, Any]) -> list[Refusal]:
    """Rules over several of the fields above."""
    if inputs["publish_on_success"] and not inputs["licence"]:
        return [
            refuse(
                "licence",
                _("A publication needs a licence."),
                _("Choose a licence, or do not draft a publication."),
            )
        ]
    return []
