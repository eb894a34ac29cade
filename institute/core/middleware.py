"""The one place where a DomainError of a page becomes an answer."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from institute.core.errors import DomainError


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
