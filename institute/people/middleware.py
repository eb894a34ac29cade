"""Puts `request.actor` on each request."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from institute.core.actors import Actor
from institute.people.models import User


def actor_of(request: HttpRequest) -> Actor | None:
    """The person or token behind the request, None for an anonymous one."""
    token = getattr(request, "auth_token", None)
    if token is not None:
        actor: Actor = token.actor
        return actor
    return request.user.actor if isinstance(request.user, User) else None


class ActorMiddleware:
    """`request.actor`: read lazily, so that pages without a person cost no query."""

    async_capable = True
    sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]  # ours
        return self.get_response(request)
