"""Forms about donors."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from grants.donors.actions.donors import DonorDraft
from grants.donors.enums import DonorKind
from institute.core.ui.forms import FieldsMixin


class DonorForm(FieldsMixin, forms.Form):
    """What staff enter of a donor."""

    name = forms.CharField(label=_("Name"), max_length=200)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=DonorKind.choices,
        initial=DonorKind.ORGANISATION,
        help_text=_("A person is named in public only with consent."),
    )
    org_id = forms.CharField(
        label=_("Organisation identifier"), max_length=80, required=False, help_text=_("For example US-EIN-123456789.")
    )
    country = forms.ChoiceField(label=_("Country"), required=False)
    url = forms.URLField(label=_("Web page"), required=False, assume_scheme="https")
    public_text = forms.CharField(
        label=_("What the public reads about it"), required=False, max_length=4000, widget=forms.Textarea
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        self.fields["country"].choices = [("", "—"), *countries]  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def draft(self) -> DonorDraft:
        """The valid form as an action takes it."""
        data = self.cleaned_data
        return DonorDraft(
            name=data["name"],
            kind=DonorKind(data["kind"]),
            org_id=data["org_id"],
            country=data["country"],
            url=data["url"],
            public_text=data["public_text"],
        )
