"""Is the intake there, and where is the page of a run."""

from django.db import connection
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from compute.tracking.answers import json_answer
from compute.tracking.api.wire import protocol_view
from compute.tracking.queries.runs import run_named, run_project_of, runs_visible_to
from institute.people.access import signed_in


@protocol_view
def probe(request: HttpRequest) -> HttpResponseBase:
    """200 when runs can be taken; 503 while the database is away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return json_answer({"status": "ok"})


@signed_in
def run_redirect(request: HttpRequest, entity: str, project: str, name: str) -> HttpResponseBase:
    """The address that the SDK prints leads to the run's page."""
    run_project = run_project_of(entity, project)
    run = run_named(run_project, name) if run_project else None
    if run is None or not runs_visible_to(request.user).filter(pk=run.pk).exists():
        raise Http404
    return redirect(run)
