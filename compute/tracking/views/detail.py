"""A run's page and its parts."""

from collections.abc import Mapping, Sequence
from typing import Any

import rules as permissions
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from compute.jobs import actions as jobs_actions
from compute.tracking.actions.lifecycle import stop_run
from compute.tracking.answers import file_answer, hardware_of, public_values
from compute.tracking.enums import ENDED
from compute.tracking.models import Run, RunWriter
from compute.tracking.panels import MOST_CHARTS, draw, machine, main_chart, numeric_keys
from compute.tracking.queries.runs import console, console_length, files_of, has_gap, run_by_public_id
from compute.tracking.queries.series import shown_writers
from compute.tracking.views.access import public_run, visible_run
from institute.core import live
from institute.people.access import acting, permission_required

TAIL = 200
MOST_ROWS = 200
LONGEST_VALUE = 300


def rows_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, text) of what a config or summary says; long values cut."""
    return [(name, _text(value)) for name, value in public_values(values).items()][:MOST_ROWS]


def _text(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _tail(run: Run, writers: Sequence[RunWriter]) -> dict[str, Any]:
    length = console_length(writers)
    lines = console(run, after=max(0, length - TAIL), limit=TAIL, writers=writers)
    return {"run": run, "length": length, "lines": [text for _, text in lines], "is_cut": length > TAIL}


def _curves(run: Run, request: HttpRequest, writers: Sequence[RunWriter] | None = None) -> dict[str, Any]:
    keys = numeric_keys(run)
    wanted = request.GET.get("metric", "")
    chosen = [key for key in keys if wanted in key.name] if wanted else keys
    return {
        "run": run,
        "charts": draw(run, chosen[:MOST_CHARTS], writers),
        "count": len(keys),
        "more": len(chosen) - MOST_CHARTS,
        "metric": wanted,
        "may_search": len(keys) > MOST_CHARTS,
    }


def _about(run: Run) -> dict[str, Any]:
    return {
        "run": run,
        "config": rows_of(run.config),
        "summary": rows_of(run.summary),
        "hardware": [(name, _text(value)) for name, value in hardware_of(run).items()],
        "is_over": run.status in ENDED,
    }


def run_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Everything about a run for those who work on it; its numbers for anybody once it is published."""
    known = run_by_public_id(public_id)
    if known is None or not request.user.has_perm("tracking.view_run", known):
        found = public_run(request, public_id)
        if isinstance(found, HttpResponseBase):
            return found
        return render(request, "tracking/run_public.html", _about(found) | _curves(found, request))
    run, writers = known, shown_writers(known)
    page = _about(run) | _curves(run, request, writers) | _tail(run, writers)
    page |= {"machine": machine(run), "files": list(files_of(run)[:MOST_ROWS]), "missing": has_gap(writers)}
    is_open = not run.is_ended and not run.stop_requested_at
    page["may_stop"] = is_open and permissions.has_perm("tracking.stop_run", request.user, run)
    return render(request, "tracking/run_detail.html", page)


@permission_required("tracking.view_run", fn=visible_run)
def run_curves(request: HttpRequest, public_id: str) -> HttpResponse:
    """The curves, as the live page asks for them."""
    return render(request, "tracking/_curves.html", _curves(visible_run(request, public_id), request))


@permission_required("tracking.view_run", fn=visible_run)
def run_panel(request: HttpRequest, public_id: str) -> HttpResponse:
    """The run's part of its job's page, as the live page asks for it."""
    run = visible_run(request, public_id)
    return render(request, "tracking/_job_panel.html", {"run": run, "drawn": main_chart(run)})


@permission_required("tracking.view_run", fn=visible_run)
def run_log(request: HttpRequest, public_id: str) -> HttpResponse:
    """The end of the console."""
    run = visible_run(request, public_id)
    return render(request, "tracking/_log.html", _tail(run, shown_writers(run)))


@permission_required("tracking.view_run", fn=visible_run)
def run_log_text(request: HttpRequest, public_id: str) -> HttpResponse:
    """The console as a text file."""
    run = visible_run(request, public_id)
    length = console_length(shown_writers(run))
    text = "\n".join(line for _, line in console(run, limit=length))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@permission_required("tracking.view_run", fn=visible_run)
def run_live(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The page's one event stream."""
    return live.stream([visible_run(request, public_id).public_id])


@permission_required("tracking.view_run", fn=visible_run)
def run_file(request: HttpRequest, public_id: str, path: str) -> HttpResponseBase:
    """One file, to download."""
    return file_answer(get_object_or_404(files_of(visible_run(request, public_id)), path=path))


@require_POST
@permission_required("tracking.stop_run", fn=visible_run)
def run_stop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the training to stop; a job's through the job, so that its hours end too."""
    run = visible_run(request, public_id)
    if run.job is not None:
        jobs_actions.request_stop(job=run.job, by=acting(request))
    else:
        stop_run(run=run, by=acting(request))
    return redirect(run)
