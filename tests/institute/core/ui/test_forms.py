from django import forms
from django.template import Context, Template

from institute.core.errors import Exhausted, Refused
from institute.core.ui.forms import FieldsMixin, first_invalid, refusals_as_form_errors


class JobForm(FieldsMixin, forms.Form):
    title = forms.CharField()
    steps = forms.IntegerField(help_text="Optimiser steps.")
    size = forms.ChoiceField(choices=[("s", "small")], widget=forms.RadioSelect, required=False)
    is_final = forms.BooleanField(required=False, label="The last one")
    token = forms.CharField(widget=forms.HiddenInput, required=False)


GOOD = {"title": "a", "steps": "1"}


def draw(source: str, form: forms.Form) -> str:
    return Template("{% load ui %}" + source).render(Context({"form": form}))


def test_a_refusal_of_a_field_stands_beside_it_with_its_way_out() -> None:
    form = JobForm(GOOD)
    assert form.is_valid()
    with refusals_as_form_errors(form):
        raise Exhausted("Needs 512; 380 are left.", field="steps", way_out="Choose fewer steps.")
    assert form.errors == {"steps": ["Needs 512; 380 are left. Choose fewer steps."]}


def test_a_refusal_of_no_field_or_of_another_s_stands_on_top() -> None:
    form = JobForm(GOOD)
    for field in (None, "pledge"):
        with refusals_as_form_errors(form):
            raise Refused("The pledge is suspended.", field=field)
    assert form.non_field_errors() == ["The pledge is suspended."] * 2


def test_other_errors_and_results_pass() -> None:
    form = JobForm(GOOD)

    def submit() -> str:
        with refusals_as_form_errors(form):
            return "done"
        return "refused"

    assert submit() == "done"
    assert not form.errors


def test_the_first_field_in_error_takes_the_focus() -> None:
    form = JobForm({"size": "x"})
    assert first_invalid(form) == "title"
    html = draw("{{ form }}", form)
    assert html.count("autofocus") == 1
    assert html.index("autofocus") < html.index('name="steps"')
    assert first_invalid(JobForm(GOOD)) == ""


def test_a_field_s_error_and_help_are_read_with_it() -> None:
    html = draw("{% field form.steps inputmode='numeric' %}", JobForm({"steps": "many"}))
    assert 'aria-describedby="id_steps_error id_steps_helptext"' in html
    assert 'aria-invalid="true"' in html
    assert 'inputmode="numeric"' in html
    assert '<div class="error" id="id_steps_error"><p>Enter a whole number.</p></div>' in html
    assert 'value="many"' in html


def test_help_without_an_error_and_nothing_at_all() -> None:
    assert 'aria-describedby="id_steps_helptext"' in draw("{% field form.steps %}", JobForm())
    assert "aria-describedby" not in draw("{% field form.title %}", JobForm())


def test_choices_are_a_group_and_a_box_is_named_behind_it() -> None:
    assert '<fieldset class="field"><legend>Size <small>optional</small></legend>' in draw(
        "{% field form.size %}", JobForm()
    )
    assert '<label for="id_is_final">The last one</label></div>' in draw("{% field form.is_final %}", JobForm())
    assert draw("{% field form.token %}", JobForm()) == '<input type="hidden" name="token" id="id_token">'


def test_a_whole_form_says_what_needs_another_look() -> None:
    form = JobForm({})
    form.add_error(None, "The pledge is suspended.")
    html = draw("{{ form }}", form)
    assert "<p>The pledge is suspended.</p>" in html
    assert '2 fields need another look: <a href="#id_title">Title</a>, <a href="#id_steps">Steps</a>' in html
    assert html.count('name="token"') == 1
    assert "note bad" not in draw("{% form_errors form %}", JobForm(GOOD))
