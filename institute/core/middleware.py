"""The one place where a DomainError of a page becomes an answer; and addresses that nothing can be found under."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from institute.core.errors import DomainError
from institute.core.problems import as_problem


class DomainErrorMiddleware:
    """Answers a DomainError that no form has shown with a page that says what, why and the way out."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render a DomainError; leave every other exception to Django."""
        if not isinstance(exception, DomainError):
            return None
        return render(request, "core/refused.html", {"error": exception}, status=exception.status)


class NulMiddleware:
    """Refuses an address that holds a NUL character: no text of the database can equal it."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        refusal = _refusal(request)
        if refusal is None:
            return self.get_response(request)
        return _at_once(refusal) if self.is_async else refusal


async def _at_once(response: HttpResponse) -> HttpResponseBase:
    return response


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if "\x00" not in request.path and "%00" not in request.META.get("QUERY_STRING", ""):
        return None
    detail = "The address holds a NUL character."
    if not request.path.startswith("/api/"):
        return HttpResponseBadRequest(detail, content_type="text/plain; charset=utf-8")
    return as_problem(400, "invalid", detail)
