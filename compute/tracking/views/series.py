"""`GET /runs/<ulid>/series`: curves for the browser."""

from django.http import HttpRequest, HttpResponse

from compute.tracking.answers import json_answer, series_body
from compute.tracking.views.access import visible_run
from institute.core.errors import Refused
from institute.people.access import permission_required


@permission_required("tracking.view_run", fn=visible_run)
def run_series(request: HttpRequest, public_id: str) -> HttpResponse:
    """Curves as columns."""
    try:
        return json_answer(series_body(visible_run(request, public_id), request.GET))
    except Refused as error:
        return json_answer({"error": str(error)}, 400)
