"""`POST /graphql`: always 200 with `data`, or with `errors` that say what is not answered."""

from collections.abc import Mapping
from typing import Any

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from compute.tracking.answers import json_answer
from compute.tracking.api.roots import Roots
from compute.tracking.api.walker import CannotAnswer, answer
from compute.tracking.api.wire import Answer, caller_of, protocol_view, read_json
from institute.core.errors import DomainError

log = structlog.get_logger(__name__)


def _question(body: Any) -> tuple[str, Mapping[str, Any], str | None]:
    query = body.get("query") if isinstance(body, Mapping) else None
    if not isinstance(query, str):
        raise Answer(400, "An object with a query is expected.")
    variables, name = body.get("variables"), body.get("operationName")
    if not isinstance(variables, Mapping | None) or not isinstance(name, str | None):
        raise Answer(400, "variables is an object, operationName a text.")
    return query, variables or {}, name or None


@protocol_view
def graphql(request: HttpRequest) -> HttpResponseBase:
    """Answer a query or mutation of the SDK by its fields."""
    if request.method != "POST":
        raise Answer(405, "Only POST is answered here.")
    caller = caller_of(request)
    query, variables, name = _question(read_json(request))
    try:
        data = answer(query, variables, name, Roots(request, caller).by_name())
    except (CannotAnswer, DomainError) as error:
        log.info("tracking_query_refused", operation=name, reason=str(error)[:200])
        return json_answer({"data": None, "errors": [{"message": str(error)}]})
    return json_answer({"data": data})
