"""Forms about projects, requests and decisions."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from compute.allocations.actions import AwardDraft, LineDraft, ProjectDraft, RequestDraft, SourceDraft
from compute.allocations.enums import DataClass, MemberRole, Purpose, RequestKind
from compute.allocations.models import Project, Request
from compute.allocations.queries import Giver
from compute.capacity.models import AcceleratorType
from institute.core.ui.formats import hours_text
from institute.core.ui.forms import FieldsMixin
from institute.core.units import hours_to_seconds
from institute.people.forms import PersonField

LICENCES = (
    ("", _("not decided yet")),
    ("apache-2.0", "Apache-2.0"),
    ("mit", "MIT"),
    ("bsd-3-clause", "BSD-3-Clause"),
    ("cc0-1.0", "CC0-1.0"),
    ("cc-by-4.0", "CC-BY-4.0"),
    ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
    ("cc-by-nc-4.0", "CC-BY-NC-4.0"),
    ("gpl-3.0-or-later", "GPL-3.0-or-later"),
    ("proprietary", _("no open licence")),
)
MOST_RUNS = 100_000
MOST_ACCELERATORS = 1_000_000
MOST_HOURS = Decimal("999999.99")


class DayInput(forms.DateInput):
    """A native date field."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def midnight(day: date) -> datetime:
    """The first instant of a day in UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def words(text: str) -> list[str]:
    """Comma-separated words, blanks dropped."""
    return [word.strip() for word in text.split(",") if word.strip()]


class ProjectForm(FieldsMixin, forms.Form):
    """What a project says of itself."""

    title = forms.CharField(label=_("Title"), max_length=200)
    summary = forms.CharField(
        label=_("Summary"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    fields_of_research = forms.CharField(
        label=_("Fields of research"), required=False, max_length=400, help_text=_("Separated by commas.")
    )
    purpose = forms.ChoiceField(label=_("Purpose"), choices=Purpose.choices)
    data_class = forms.ChoiceField(label=_("Data"), choices=DataClass.choices)

    @property
    def changes(self) -> dict[str, Any]:
        """The valid form as `change_project` takes it."""
        data = self.cleaned_data
        return {
            "title": data["title"],
            "summary": data["summary"],
            "fields": [word.lower()[:48] for word in words(data["fields_of_research"])],
            "purpose": Purpose(data["purpose"]),
            "data_class": DataClass(data["data_class"]),
        }


class NewProjectForm(ProjectForm):
    """A project as operations enter it."""

    handle = forms.CharField(
        label=_("Handle"), max_length=96, help_text=_("First part of every address of the project.")
    )
    lead = PersonField(label=_("Lead (e-mail address)"))
    field_order = ("title", "handle", "lead")

    @property
    def draft(self) -> ProjectDraft:
        """The valid form as `create_project` takes it."""
        changes = self.changes
        return ProjectDraft(handle=self.cleaned_data["handle"], **changes | {"fields": tuple(changes["fields"])})


class MemberForm(FieldsMixin, forms.Form):
    """One more person."""

    email = PersonField()
    role = forms.ChoiceField(label=_("Role"), choices=MemberRole.choices, initial=MemberRole.MEMBER)


class RequestForm(FieldsMixin, forms.Form):
    """What a project asks for and declares; the amounts are in the lines."""

    kind = forms.ChoiceField(label=_("Kind"), choices=RequestKind.choices)
    justification = forms.CharField(
        label=_("What the hours are for"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Which question, which models, what will be published."),
    )
    output_licence = forms.ChoiceField(label=_("Licence of the results"), choices=LICENCES, required=False)
    accepts_publishing = forms.BooleanField(
        label=_("We will publish the results within the time that donors ask for"), required=False
    )

    def draft(self, lines: Sequence[LineDraft]) -> RequestDraft:
        """The valid form with its lines as actions take it."""
        data = self.cleaned_data
        return RequestDraft(
            justification=data["justification"],
            lines=lines,
            kind=RequestKind(data["kind"]),
            output_licence=data["output_licence"],
            accepts_publishing=data["accepts_publishing"],
        )


class LineForm(FieldsMixin, forms.Form):
    """Runs × accelerators × hours of one type."""

    type = forms.ModelChoiceField(AcceleratorType.objects.none(), label=_("Accelerator type"), to_field_name="slug")
    runs = forms.IntegerField(label=_("Runs"), min_value=1, max_value=MOST_RUNS)
    accelerators = forms.IntegerField(label=_("Accelerators per run"), min_value=1, max_value=MOST_ACCELERATORS)
    hours = forms.DecimalField(
        label=_("Hours per run"), min_value=Decimal("0.01"), max_value=MOST_HOURS, decimal_places=2
    )
    starts_on = forms.DateField(label=_("From"), widget=DayInput)
    ends_on = forms.DateField(label=_("Until and including"), widget=DayInput)
    is_interruptible = forms.BooleanField(label=_("Runs may be interrupted"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].queryset = AcceleratorType.objects.order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The window has a first and a last day."""
        data = super().clean() or self.cleaned_data
        if "starts_on" in data and "ends_on" in data and data["starts_on"] > data["ends_on"]:
            self.add_error("ends_on", gettext("The last day lies before the first."))
        return data

    @property
    def is_given(self) -> bool:
        """False for a line that was left empty."""
        return bool(getattr(self, "cleaned_data", None))

    @property
    def is_removed(self) -> bool:
        """True for a line that is marked to be left out."""
        return bool(self.cleaned_data.get(DELETION_FIELD_NAME))

    @property
    def draft(self) -> LineDraft:
        """The valid line as actions take it."""
        data = self.cleaned_data
        return LineDraft(
            type=data["type"],
            runs=data["runs"],
            accelerators=data["accelerators"],
            hours=data["hours"],
            starts_at=midnight(data["starts_on"]),
            ends_at=midnight(data["ends_on"]) + timedelta(days=1),
            is_interruptible=data["is_interruptible"],
        )

    @property
    def amount_text(self) -> str:
        """What the line comes to, "" while it cannot be told."""
        if not self.is_bound or not self.is_valid() or not self.is_given:
            return ""
        return hours_text(self.draft.amount, self.draft.type)


class BaseLineFormSet(BaseFormSet[LineForm]):
    """The lines of a request; at least one."""

    @property
    def drafts(self) -> list[LineDraft]:
        """The given lines as actions take them; those marked to be removed are left out."""
        return [form.draft for form in self.forms if form.is_given and not form.is_removed]

    @property
    def valid_drafts(self) -> list[LineDraft]:
        """The lines that add up already."""
        return [form.draft for form in self.forms if form.amount_text and not form.is_removed]

    def add_fields(self, form: LineForm, index: int | None) -> None:
        """Each line can be left out again."""
        super().add_fields(form, index)
        form.fields[DELETION_FIELD_NAME].label = gettext("Leave this line out")

    def clean(self) -> None:
        """A request without lines asks for nothing."""
        if not any(self.errors) and not self.drafts:
            raise forms.ValidationError(gettext("A request needs at least one line."))


_LineFormSet = formset_factory(
    LineForm,
    formset=BaseLineFormSet,
    extra=1,
    max_num=20,
    absolute_max=20,
    validate_max=True,
    can_delete=True,
)


def line_forms(data: QueryDict | None, initial: Sequence[dict[str, Any]] = ()) -> BaseLineFormSet:
    """The lines as forms: those of a request and an empty one, or what was posted."""
    return cast(BaseLineFormSet, _LineFormSet(data, prefix="lines", initial=initial))


def line_initial(request: Request) -> list[dict[str, Any]]:
    """The present lines of a request as the forms show them."""
    return [
        {
            "type": line.type.slug,
            "runs": line.runs,
            "accelerators": line.accelerators,
            "hours": line.hours,
            "starts_on": line.starts_at.astimezone(UTC).date(),
            "ends_on": (line.ends_at.astimezone(UTC) - timedelta(days=1)).date(),
            "is_interruptible": line.is_interruptible,
        }
        for line in request.current_lines.select_related("type")
    ]


def project_initial(project: Project) -> dict[str, Any]:
    """A project as its form shows it."""
    return {
        "title": project.title,
        "summary": project.summary,
        "fields_of_research": ", ".join(project.fields),
        "purpose": project.purpose,
        "data_class": project.data_class,
    }


class AwardForm(FieldsMixin, forms.Form):
    """A decision on a request: one field per line and pledge that may give, in hours."""

    starts_on = forms.DateField(label=_("From"), widget=DayInput)
    ends_on = forms.DateField(label=_("Until and including"), widget=DayInput)
    priority = forms.IntegerField(label=_("Priority"), min_value=0, max_value=100, initial=50)

    def __init__(self, *args: Any, givers: Sequence[Giver], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.givers = {f"line{giver.line.position}-{giver.pledge.public_id}": giver for giver in givers}
        wanted = {giver.line.pk: giver.line.amount_requested for giver in givers}
        for name, giver in self.givers.items():
            proposed = min(wanted[giver.line.pk], giver.left)
            wanted[giver.line.pk] -= proposed
            self.fields[name] = forms.DecimalField(
                label=gettext("Line %(line)d from %(pledge)s (hours)")
                % {"line": giver.line.position, "pledge": giver.pledge},
                help_text=gettext("%(donor)s can still promise %(left)s.")
                % {"donor": giver.pledge.donor, "left": hours_text(giver.left, giver.pledge.supply.type)},
                min_value=0,
                max_value=Decimal(10**11),
                decimal_places=2,
                required=False,
                initial=(Decimal(proposed) / 3600).quantize(Decimal("0.01"), rounding="ROUND_DOWN").normalize() + 0,
            )

    @property
    def award(self) -> AwardDraft:
        """The valid form as `approve_request` takes it."""
        data = self.cleaned_data
        sources = [
            SourceDraft(giver.line, giver.pledge, int(hours_to_seconds(data[name])))
            for name, giver in self.givers.items()
            if data.get(name)
        ]
        return AwardDraft(
            sources=sources,
            starts_at=midnight(data["starts_on"]),
            ends_at=midnight(data["ends_on"]) + timedelta(days=1),
            priority=data["priority"],
        )
