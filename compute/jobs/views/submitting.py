"""The job form and its quote."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from compute.jobs import actions
from compute.jobs.forms import JobForm
from compute.jobs.rules.quoting import Quote, quote
from compute.jobs.views.access import reader, visible_job
from compute.recipes import registry
from compute.recipes.base import Recipe
from institute.core.errors import DomainError
from institute.core.ui.forms import render
from institute.people.access import acting, signed_in

FIRST_VALUES = ("name", "allocation", "preset", "hours")


def recipe_in(parameters: QueryDict) -> Recipe:
    """The recipe that the form is for; the first one if none is named."""
    name = parameters.get("recipe")
    if not name:
        return registry.all_recipes()[0]
    try:
        return registry.get(name)
    except registry.UnknownRecipe as error:
        raise Http404(str(error)) from error


def form_of(request: HttpRequest) -> JobForm:
    """The form with what was typed, or with what the address says."""
    now = timezone.now()
    if request.method == "POST":
        return JobForm(recipe_in(request.POST), reader(request), now, data=request.POST)
    initial = like(request) | {name: request.GET[name] for name in FIRST_VALUES if request.GET.get(name)}
    return JobForm(recipe_in(request.GET), reader(request), now, initial=initial)


def like(request: HttpRequest) -> dict[str, Any]:
    """The inputs of the job that the new one is to resemble."""
    earlier = request.GET.get("like")
    if not earlier:
        return {}
    job = visible_job(request, earlier)
    return {"name": job.name, **job.inputs} if job.recipe == recipe_in(request.GET).name else {}


def quote_of(form: JobForm) -> Quote | None:
    """The quote for a form's values; None while the form itself has errors. Warnings become boxes to tick."""
    if not form.is_valid():
        return None
    allocation = form.cleaned_data["allocation"]
    now = timezone.now()
    answer = quote(allocation=allocation, recipe=form.recipe, values=form.values, user=form.user, now=now)
    form.ask(answer.warnings)
    return answer


@signed_in
def job_create(request: HttpRequest) -> HttpResponse:
    """Choose, check, submit: refusals and cost are shown before anything is written."""
    form = form_of(request)
    answer = quote_of(form) if request.method == "POST" else None
    if answer is not None and "check" not in request.POST:
        job = _submit(request, form)
        if job is not None:
            return job
    context = {"form": form, "quote": answer, "recipes": registry.all_recipes(), "recipe": form.recipe}
    if not form.offered and not form.hours:
        return render(request, "jobs/job_without_hours.html", context)
    return render(request, "jobs/job_form.html", context)


def _submit(request: HttpRequest, form: JobForm) -> HttpResponse | None:
    """The way to the new job's page, None if it was refused (the form says why)."""
    try:
        job = actions.submit_job(
            allocation=form.cleaned_data["allocation"],
            recipe=form.recipe,
            values=form.values,
            name=form.cleaned_data["name"],
            by=acting(request),
            accepted_warnings=form.accepted_warnings,
        )
    except actions.JobRefused as refused:
        form.show(refused)
        return None
    except DomainError as error:
        form.add_error(None, str(error))
        return None
    messages.success(request, _("%(job)s is submitted.") % {"job": job})
    return redirect(job)


@require_POST
@signed_in
def job_quote(request: HttpRequest) -> HttpResponse:
    """The quote panel, as the form asks for it while it is filled in."""
    form = form_of(request)
    return render(request, "jobs/_quote.html", {"quote": quote_of(form), "form": form})
