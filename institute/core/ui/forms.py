"""Form furniture: one field with its label, help and error; refusals of actions shown where they belong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django import forms
from django.forms import BaseForm, BaseFormSet, BoundField, CheckboxInput
from django.forms.utils import flatatt
from django.forms.widgets import HiddenInput
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from institute.core.errors import DomainError
from institute.core.states import REASON_LENGTH


@contextmanager
def refusals_as_form_errors(form: BaseForm) -> Iterator[None]:
    """Put a DomainError raised inside on the form: beside its field if the form has it, else on top.

    The code after the block then shows the form again:

        if request.method == "POST" and form.is_valid():
            with refusals_as_form_errors(form):
                return redirect(actions.submit_job(...))
        return render(...)
    """
    try:
        yield
    except DomainError as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, str(error))


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int | None = None
) -> HttpResponse:
    """Django's `render`, for views with forms: 422 if the page shows a form that was refused.

    What htmx asks for stays 200: it would not show it otherwise.
    """
    is_refusal = request.method == "POST" and "HX-Request" not in request.headers
    if status is None and is_refusal and any(is_refused(value) for value in (context or {}).values()):
        status = 422
    return render_page(request, template, context, status=status)


def is_refused(value: object) -> bool:
    """Whether it is a form, or several, with an error in what was typed."""
    return isinstance(value, BaseForm | BaseFormSet) and value.is_bound and not value.is_valid()


def posted(request: HttpRequest, name: str) -> str:
    """A posted field that no form reads, without the NUL characters that a form would have refused."""
    return request.POST.get(name, "").replace("\x00", "")


class LongSelect(forms.Select):
    """A choice among hundreds, drawn in one go: a template for each option costs more than the rest of a page."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The same element as `forms.Select`, without groups."""
        rows = ((key, mark_safe(" selected") if str(key) == str(value) else "", label) for key, label in self.choices)
        options = format_html_join("", '<option value="{}"{}>{}</option>', rows)
        built = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>{}</select>', name, built, options)


def first_invalid(form: BaseForm) -> str:
    """Name of the first visible field with an error, "" if none has one."""
    return next((field.name for field in form.visible_fields() if field.errors), "")


def described_by(field: BoundField) -> str:
    """The ids of the error and the help text, in the order they should be read."""
    ids = [f"{field.auto_id}_error"] if field.errors else []
    return " ".join([*ids, f"{field.auto_id}_helptext"] if field.help_text else ids)


def field_attrs(field: BoundField) -> dict[str, Any]:
    """What the widget must carry besides its own attributes."""
    attrs: dict[str, Any] = {}
    if described := described_by(field):
        attrs["aria-describedby"] = described
    if field.errors and first_invalid(field.form) == field.name:
        attrs["autofocus"] = True
    return attrs


def render_field(field: BoundField, **extra: Any) -> SafeString:
    """The field as core/_field.html draws it; `extra` are attributes of the widget (underscores become dashes)."""
    if isinstance(field.field.widget, HiddenInput):
        return SafeString(field)
    attrs = field_attrs(field) | {name.replace("_", "-"): value for name, value in extra.items()}
    context = {
        "field": field,
        "widget": field.as_widget(attrs=attrs),
        "described": described_by(field),
        "is_checkbox": isinstance(field.field.widget, CheckboxInput),
    }
    return render_to_string("core/_field.html", context)


class FieldsMixin:
    """A form that renders by `{{ form }}` as our fields, with errors of the whole form on top."""

    template_name = "core/_form.html"


class ReasonForm(FieldsMixin, forms.Form):
    """A decision that needs a reason."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))
