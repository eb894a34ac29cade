"""What a reader may know of: everything else is 404."""

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from compute.tracking import ports
from compute.tracking.models import Run
from compute.tracking.queries.runs import run_by_public_id, runs_visible_to


def visible_run(request: HttpRequest, public_id: str, **_: str) -> Run:
    """The run, read once per request; 404 for runs of others."""
    memory: dict[str, Run] = request.__dict__.setdefault("visible_run", {})
    if public_id not in memory:
        run = runs_visible_to(request.user).filter(public_id=public_id).first()
        if run is None:
            raise Http404
        memory[public_id] = run
    return memory[public_id]


def public_run(request: HttpRequest, public_id: str) -> Run | HttpResponseBase:
    """A published run for those who do not work on it; else the sign-in page, or 404 for those signed in."""
    run = run_by_public_id(public_id)
    if run is not None and ports.is_published(run):
        return run
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.get_full_path())
