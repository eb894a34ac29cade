"""Forms about donors."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from grants.donors.actions.donors import DonorDraft
from grants.donors.enums import ConsentPurpose, ContactChannel, DonorKind
from institute.core.ui.forms import FieldsMixin
from institute.people.forms import PersonField


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


class ContactForm(FieldsMixin, forms.Form):
    """One more person who sees a donor's pledges."""

    email = PersonField()


class ConsentForm(FieldsMixin, forms.Form):
    """What a donor agreed to, and how we know."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=ConsentPurpose.choices)
    source = forms.CharField(
        label=_("How we know"), max_length=200, help_text=_("For example: letter of 3 May 2026, kept in the archive.")
    )


class PointForm(FieldsMixin, forms.Form):
    """One more way to reach a donor."""

    channel = forms.ChoiceField(label=_("Channel"), choices=ContactChannel.choices)
    value = forms.CharField(label=_("Address or number"), max_length=300)
