"""Answers of RFC 9457 from where no view of the API answers."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from institute.core.errors import PROBLEM_TYPE


def body_of(code: int, slug: str, detail: str) -> dict[str, Any]:
    """What every problem says."""
    return {"type": PROBLEM_TYPE + slug, "title": slug, "status": code, "detail": detail}


def as_problem(code: int, slug: str, detail: str) -> JsonResponse:
    """What `institute.core.api.problem` answers, without DRF."""
    return JsonResponse(body_of(code, slug, detail), status=code, content_type="application/problem+json")


@csrf_exempt
def unrouted(request: HttpRequest) -> JsonResponse:
    """Stands last below the API: whatever no view serves, for every method."""
    return as_problem(404, "not-found", "The API has nothing at this address.")
