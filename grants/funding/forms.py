"""Forms about pledges and duties."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grants.donors.models import Donor
from grants.donors.queries import active_donors
from grants.funding.actions import PledgeDraft, RestrictionDraft, TermsDraft
from grants.funding.enums import LimitPolicy, RestrictionKind, ServiceClass
from grants.funding.ports import accelerator_types
from institute.core.ui.forms import FieldsMixin, ReasonForm
from institute.core.units import hours_to_seconds


class DayInput(forms.DateInput):
    """A native date field."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PledgeForm(FieldsMixin, forms.Form):
    """A donor's promise as staff enter it. Days are whole days in UTC; the window's last day counts."""

    donor = forms.ModelChoiceField(Donor.objects.none(), label=_("Donor"), to_field_name="public_id")
    title = forms.CharField(label=_("Title"), max_length=120, help_text=_("As people will call it, e.g. TPU v4, 2026."))
    type_slug = forms.ChoiceField(label=_("Accelerator type"))
    hours = forms.IntegerField(
        label=_("Accelerator-hours"), min_value=1, max_value=10**11, help_text=_("Hours × number of accelerators.")
    )
    window_starts_at = forms.DateField(label=_("From"), widget=DayInput)
    window_ends_at = forms.DateField(label=_("Until and including"), widget=DayInput)
    service_class = forms.ChoiceField(label=_("Service class"), choices=ServiceClass.choices)
    notice_days = forms.IntegerField(
        label=_("Days of notice before withdrawal"), min_value=0, max_value=3650, initial=30
    )
    reserve_percent = forms.IntegerField(
        label=_("Reserve, per cent"),
        min_value=0,
        max_value=100,
        initial=2,
        help_text=_("Kept back for overhead and refunds."),
    )
    policy = forms.ChoiceField(label=_("Limit"), choices=LimitPolicy.choices)
    is_irrevocable = forms.BooleanField(label=_("Irrevocable"), required=False)
    cite_text = forms.CharField(
        label=_("Acknowledgement sentence"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Printed on everything that these hours produce."),
    )
    publish_by_months = forms.IntegerField(
        label=_("Publish within (months)"),
        required=False,
        min_value=1,
        max_value=120,
        help_text=_("Counted from the first second that a project uses."),
    )
    open_licence = forms.BooleanField(label=_("Results must have an open licence"), required=False)
    note = forms.CharField(label=_("Note"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["donor"].queryset = active_donors()  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["type_slug"].choices = [("", "—"), *accelerator_types()]  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def draft(self) -> PledgeDraft:
        """The valid form as an action takes it."""
        data = self.cleaned_data
        terms = TermsDraft(
            type_slug=data["type_slug"],
            amount=hours_to_seconds(data["hours"]),
            service_class=ServiceClass(data["service_class"]),
            notice_days=data["notice_days"],
            reserve_percent=data["reserve_percent"],
            policy=LimitPolicy(data["policy"]),
        )
        return PledgeDraft(
            title=data["title"],
            window_starts_at=_midnight(data["window_starts_at"]),
            window_ends_at=_midnight(data["window_ends_at"]) + timedelta(days=1),
            terms=terms,
            restrictions=list(_clauses(data)),
            is_irrevocable=data["is_irrevocable"],
            note=data["note"],
        )


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _clauses(data: dict[str, Any]) -> list[RestrictionDraft]:
    clauses = []
    if data["cite_text"]:
        clauses.append(RestrictionDraft(RestrictionKind.CITE, data["cite_text"]))
    if data["publish_by_months"]:
        months = data["publish_by_months"]
        text = f"Results are published within {months} months of the first use."
        clauses.append(RestrictionDraft(RestrictionKind.PUBLISH_BY, text, {"months": months}))
    if data["open_licence"]:
        text = "Results are released under an open licence."
        clauses.append(RestrictionDraft(RestrictionKind.OPEN_LICENCE, text, {"at_least": "osi_or_cc"}))
    return clauses


class WithdrawForm(ReasonForm):
    """A withdrawal and its day."""

    effective_on = forms.DateField(label=_("With effect from"), widget=DayInput)

    @property
    def effective_at(self) -> datetime:
        """The first instant of that day."""
        return _midnight(self.cleaned_data["effective_on"])
