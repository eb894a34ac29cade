"""A job's page, live, and what one does there."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from compute.jobs import actions, queries
from compute.jobs.forms import StopForm
from compute.jobs.models import Job, JobFile
from compute.jobs.views.access import reader, visible_job
from compute.recipes import registry
from compute.recipes.fields import Field
from institute.core import live
from institute.core.downloads import send_file
from institute.core.ports import panels_for
from institute.core.states import history_of
from institute.core.ui.forms import refusals_as_form_errors, render
from institute.people.access import acting, permission_required, signed_in


@signed_in
def job_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """How a job stands, what it costs, what it prints, what came out."""
    return render(request, "jobs/job_detail.html", page_of(request, visible_job(request, public_id), StopForm()))


def page_of(request: HttpRequest, job: Job, form: StopForm) -> dict[str, object]:
    """Everything the job's page shows."""
    attempts = queries.read_attempts(job)
    newest = attempts[0]
    return {
        "job": job,
        "attempts": attempts,
        "newest": newest,
        "sentence": queries.sentence_of(job, newest if not newest.is_over else None),
        "exit_sentence": queries.exit_sentence(newest),
        "account": queries.read_account(job),
        "log": queries.log_tail(newest),
        "output": (output := queries.output_of(job)),
        "files": queries.output_files(job) if output else (),
        "history": history_of(job),
        "inputs": shown_inputs(job),
        "panels": [panel(job, request=request) for panel in panels_for("jobs.job")],
        "may_stop": not job.is_over and not job.stop_requested_at and reader(request).has_perm("jobs.stop_job", job),
        "stop_form": form,
    }


def shown_inputs(job: Job) -> list[tuple[str, object]]:
    """The inputs as the recipe labels them, without those left empty; names where the recipe has moved on."""
    try:
        declared = registry.get(job.recipe).by_name
    except registry.UnknownRecipe:
        declared = {}
    names = [*declared, *(name for name in job.inputs if name not in declared)]
    given = [(name, job.inputs.get(name)) for name in names]
    return [
        (_(declared[name].label), _shown(declared[name], value)) if name in declared else (name, value)
        for name, value in given
        if value not in ("", None, [])
    ]


def _shown(field: Field, value: object) -> object:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return next((_(choice.label) for choice in field.choices if choice.value == value), value)


@signed_in
def job_log(request: HttpRequest, public_id: str) -> HttpResponse:
    """The log panel of the newest attempt, as the live page asks for it."""
    job = visible_job(request, public_id)
    newest = queries.attempts_of(job)[0]
    return render(request, "jobs/_log.html", {"job": job, "newest": newest, "log": queries.log_tail(newest)})


@signed_in
def job_live(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The page's one event stream."""
    return live.stream([visible_job(request, public_id).public_id])


@require_POST
@permission_required("jobs.stop_job", fn=visible_job)
def job_stop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the job to checkpoint and end."""
    job, form = visible_job(request, public_id), StopForm(request.POST)
    if form.is_valid():
        with refusals_as_form_errors(form):
            return redirect(actions.request_stop(job=job, by=acting(request), reason=form.cleaned_data["reason"]))
    return render(request, "jobs/job_detail.html", page_of(request, job, form))


@signed_in
def job_file(request: HttpRequest, public_id: str, path: str) -> HttpResponseBase:
    """One file of the output, to download."""
    file: JobFile = get_object_or_404(queries.output_files(visible_job(request, public_id)), path=path)
    return send_file(request, file.key, size=file.size, name=path.rpartition("/")[2])
