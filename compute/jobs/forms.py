"""The job form, built from the recipe's own declaration: the recipe reads and judges what was typed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compute.allocations.enums import AllocationStatus, ProjectStatus
from compute.allocations.models import Allocation
from compute.allocations.queries import projects_of
from compute.allocations.rules import FailingClause
from compute.jobs.actions import JobRefused, warning_id
from compute.jobs.ports import inputs_port
from compute.jobs.rules.submission import kind_of, objection_of
from compute.recipes.base import Field, FieldType, Recipe
from compute.recipes.fields import REFERENCES
from compute.recipes.job_fields import JOB_FIELDS
from institute.core.ui.formats import last_day_text, number
from institute.people.enums import Role
from institute.people.models import User

OWN = frozenset({"recipe", "allocation", "name", "accepted_warnings"})
JOB_NAMES = frozenset(field.name for field in JOB_FIELDS)
TEXT_ROWS = 4
MOST_OFFERED = 50
MOST_WORDS = 8


def allocations_for(user: User, now: datetime) -> QuerySet[Allocation]:
    """What a person may submit jobs on: active allocations of the projects they work on (administrators: of all)."""
    active = Allocation.objects.filter(
        project__status=ProjectStatus.ACTIVE, status=AllocationStatus.ACTIVE, ends_at__gt=now
    )
    if not user.has_role(Role.ADMIN):
        active = active.filter(project__in=projects_of(user, now).order_by())
    return active.select_related("project", "request").order_by("-id")


def allocations_offered(allocations: QuerySet[Allocation], *, text: str, chosen: str) -> QuerySet[Allocation]:
    """The newest of them in whose project every word of `text` occurs; the chosen one is always there."""
    found = allocations
    for word in text.split()[:MOST_WORDS]:
        found = found.filter(Q(project__title__icontains=word) | Q(project__handle__icontains=word))
    return allocations.filter(Q(pk__in=found.values("pk")[:MOST_OFFERED]) | Q(public_id=chosen))


class AllocationField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """An allocation by its public id: any of `queryset` is accepted, those of `offered` are shown."""

    def __init__(self, queryset: QuerySet[Allocation], offered: Sequence[Allocation], **options: Any) -> None:
        super().__init__(queryset, to_field_name="public_id", **options)
        self.choices = [(allocation.public_id, self.label_from_instance(allocation)) for allocation in offered]

    def label_from_instance(self, obj: Allocation) -> str:
        """Project and until when."""
        return _("%(project)s, until %(end)s") % {"project": obj.project, "end": last_day_text(obj.ends_at)}


class Declared:
    """A declared input: an empty place means its default, and what is typed is judged by the recipe."""

    def validate(self, value: Any) -> None:
        """Nothing: `JobForm.clean` asks the recipe."""


class DeclaredText(Declared, forms.CharField):
    """Text or a number."""


class DeclaredChoice(Declared, forms.ChoiceField):
    """One of the recipe's own choices."""


class JobForm(forms.Form):
    """One recipe's inputs with name and allocation; `values` are the clean inputs.

    `initial["hours"]` are words of the projects whose allocations are offered; any other is accepted all the same.
    """

    use_required_attribute = False

    def __init__(self, recipe: Recipe, user: User, now: datetime, *, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.recipe, self.user = recipe, user
        self.values: dict[str, Any] = {}
        self.fields["name"] = forms.CharField(
            label=gettext_lazy("Name"),
            max_length=120,
            help_text=gettext_lazy("So that you and your colleagues find it again."),
        )
        allocations, given = allocations_for(user, now), data if data is not None else initial or {}
        self.hours = str((initial or {}).get("hours", ""))
        chosen = str(given.get("allocation") or "").replace("\0", "")
        self.offered = list(allocations_offered(allocations, text=self.hours, chosen=chosen))
        self.fields["allocation"] = AllocationField(
            allocations, self.offered, label=gettext_lazy("Hours of"), empty_label=None
        )
        defaults = recipe.clean(_given(recipe, initial or {})).values
        for declared in recipe.all_fields:
            self.fields[declared.name] = form_field(declared, user, recipe)
            self.initial.setdefault(declared.name, defaults.get(declared.name, declared.default))

    def clean(self) -> dict[str, Any]:
        """The recipe's own reading of what was typed."""
        cleaned = self.recipe.clean(self._typed())
        self.values = cleaned.values
        for refusal in cleaned.refusals:
            objection = objection_of(refusal)
            if objection.field not in self.errors:
                self.add_error(objection.field if objection.field in self.fields else None, str(objection))
        return self.cleaned_data

    def _typed(self) -> dict[str, Any]:
        """What was typed, by field: an empty place means the default, an unticked box means no."""
        typed: dict[str, Any] = {}
        for declared in self.recipe.all_fields:
            if declared.type is FieldType.BOOL:
                typed[declared.name] = declared.name in self.data
            elif raw := self.data.get(declared.name, "").strip():
                typed[declared.name] = raw
        return typed

    def show(self, refused: JobRefused) -> None:
        """Put every objection of an action beside its field."""
        for objection in refused.objections:
            self.add_error(objection.field if objection.field in self.fields else None, str(objection))

    def ask(self, warnings: Sequence[FailingClause]) -> None:
        """Add a box to tick for each clause that only warns."""
        if not warnings:
            return
        choices = [(warning_id(failing), f"{failing} {failing.way_out}") for failing in warnings]
        self.fields["accepted_warnings"] = forms.MultipleChoiceField(
            label=gettext_lazy("I know that"),
            choices=choices,
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )

    @property
    def is_searched(self) -> bool:
        """There is more to choose from than the form shows at once."""
        return bool(self.hours) or len(self.offered) >= MOST_OFFERED

    @property
    def accepted_warnings(self) -> list[str]:
        """The warnings that were ticked."""
        return list(self.data.getlist("accepted_warnings")) if hasattr(self.data, "getlist") else []

    def basic(self) -> list[BoundField]:
        """The recipe's own fields that everybody looks at."""
        return [self[f.name] for f in self.recipe.fields if not f.advanced]

    def common(self) -> list[BoundField]:
        """What every job has and everybody looks at."""
        return [self[f.name] for f in self.recipe.all_fields if f.name in JOB_NAMES and not f.advanced]

    def advanced(self) -> list[BoundField]:
        """What has good defaults."""
        return [self[f.name] for f in self.recipe.all_fields if f.advanced]

    def has_advanced_errors(self) -> bool:
        """The folded part holds something to correct."""
        return any(field.errors for field in self.advanced())


def _given(recipe: Recipe, initial: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in initial.items() if name in recipe.by_name}


def form_field(declared: Field, user: User, recipe: Recipe) -> forms.Field:
    """The widget for one declared input; its rules stay the recipe's."""
    options: dict[str, Any] = {
        "label": _(declared.label) if not declared.unit else f"{_(declared.label)} ({_(declared.unit)})",
        "help_text": _help(declared, recipe),
        "required": declared.required and declared.visible_if is None and declared.type is not FieldType.BOOL,
    }
    match declared.type:
        case FieldType.BOOL:
            return forms.BooleanField(**options)
        case FieldType.CHOICE:
            choices = [(choice.value, _(choice.label)) for choice in declared.choices]
            return DeclaredChoice(choices=choices, **options)
        case FieldType.TEXT:
            widget = forms.Textarea({"rows": TEXT_ROWS}) if declared.multiline else forms.TextInput()
            return DeclaredText(widget=widget, strip=False, **options)
        case kind if kind in REFERENCES:
            found = inputs_port().choices(user, kind_of(kind))
            choices = [("", _("choose one")), *((choice.reference, choice.label) for choice in found)]
            return DeclaredChoice(choices=choices, **options)
        case FieldType.INT:
            return DeclaredText(widget=forms.TextInput({"inputmode": "numeric"}), **options)
        case _:
            return DeclaredText(widget=forms.TextInput({"inputmode": "decimal"}), **options)


def _help(declared: Field, recipe: Recipe) -> str:
    """The declared help with the limits of a number."""
    parts = [_(declared.help)] if declared.help else []
    if declared.type in {FieldType.INT, FieldType.FLOAT} and declared.maximum is not None:
        low, high = _figure(declared.minimum), _figure(declared.maximum)
        parts.append(_("%(low)s to %(high)s.") % {"low": low, "high": high})
    if declared.visible_if is not None:
        offered = recipe.by_name[declared.visible_if.name].choices
        labels = [_(choice.label) for choice in offered if choice.value in declared.visible_if.values]
        parts.append(_("Only with “%(choices)s”.") % {"choices": " / ".join(labels)})
    return " ".join(parts)


def _figure(value: int | float | None) -> str:
    if value is None:
        return "-∞"
    return number(value) if isinstance(value, int) else f"{value:g}"


class StopForm(forms.Form):
    """Why a job is stopped."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("Training saves a checkpoint and ends. Unused hours go back to the allocation."),
    )
