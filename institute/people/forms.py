"""Forms about one's account and, for administrators, about people."""

import zoneinfo
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from institute.core.ui.forms import FieldsMixin, LongSelect
from institute.people.enums import Role, Scope
from institute.people.models import User

PERSONAL_SCOPES = [(scope.value, scope.label) for scope in Scope if scope != Scope.JOB]


class PersonField(forms.ModelChoiceField[User]):
    """A person who may sign in, named by e-mail address: no list of everybody is shown."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"label": _("E-mail address"), **kwargs, "to_field_name": "email", "widget": forms.EmailInput}
        super().__init__(User.objects.filter(is_active=True), **kwargs)
        self.error_messages["invalid_choice"] = _("Nobody has an account with this address.")


class ProfileForm(FieldsMixin, forms.Form):
    """What people change themselves."""

    name = forms.CharField(label=_("Name"), max_length=200)
    language = forms.ChoiceField(label=_("Language"), choices=[("en", "English"), ("fr", "Français")])
    time_zone = forms.ChoiceField(label=_("Time zone"), widget=LongSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones())
        self.fields["time_zone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]  # a ChoiceField


class TokenForm(FieldsMixin, forms.Form):
    """A new token."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("What it is for, e.g. my laptop."))
    scopes = forms.MultipleChoiceField(
        label=_("What it opens"), choices=PERSONAL_SCOPES, widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(label=_("Valid for (days)"), min_value=1, max_value=365, initial=90)

    @property
    def expires_at(self) -> Any:
        """The end of its validity, counted from now."""
        return timezone.now() + timedelta(days=self.cleaned_data["days"])


class PersonForm(FieldsMixin, forms.Form):
    """A new person."""

    email = forms.EmailField(label=_("E-mail address"))
    name = forms.CharField(label=_("Name"), max_length=200)
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters; they can change it after signing in."),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class RoleForm(FieldsMixin, forms.Form):
    """A role to give."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class EndRoleForm(FieldsMixin, forms.Form):
    """A role to take back."""

    role = forms.ChoiceField(choices=Role.choices, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), max_length=500)
