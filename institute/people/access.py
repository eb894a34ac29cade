"""Permissions at the edges: for pages a decorator, for the API a permission class and one function.

Where existence is private an object that may not be seen answers 404; an action on what may be seen, 403.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import NotAuthenticated
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from institute.core.actors import Actor
from institute.people.authentication import TokenIdentity
from institute.people.enums import Scope
from institute.people.middleware import actor_of

if TYPE_CHECKING:  # DRF loads this module while it loads its views
    from rest_framework.views import APIView

View = Callable[..., HttpResponseBase]
Found = TypeVar("Found")


def once(find: Callable[..., Found]) -> Callable[..., Found]:
    """The permission check and the view ask for the same object: read it once per request."""

    @wraps(find)
    def remembered(request: HttpRequest, *args: str, **kwargs: str) -> Found:
        memory: dict[tuple[str, ...], Found] = request.__dict__.setdefault(f"found_{find.__name__}", {})
        key = (*args, *kwargs.values())[:1]
        if key not in memory:
            memory[key] = find(request, *args, **kwargs)
        return memory[key]

    return remembered


def acting(request: HttpRequest) -> Actor:
    """Who acts in a request of somebody signed in (or of a token)."""
    actor = actor_of(request)
    if actor is None:
        raise PermissionDenied
    return actor


def permission_required(perm: str, *, fn: Callable[..., Any] | None = None) -> Callable[[View], View]:
    """Let only those pass who hold `perm` on the object that `fn(request, **url kwargs)` gives.

    `fn` raises Http404 for what the reader may not know of. Anonymous people are asked to sign in.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            obj = fn(request, **kwargs) if fn is not None else None
            if not request.user.has_perm(perm, obj):
                raise PermissionDenied(perm)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def signed_in(view: View) -> View:
    """Let only people pass who have signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return guarded


def require_permission(request: Request, perm: str, obj: Any = None) -> None:
    """API: 401 without a person, 403 without the permission."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if not request.user.has_perm(perm, obj):
        raise ApiPermissionDenied(perm)


class ScopedPermission(BasePermission):
    """API default: sign-in needed unless the view says `is_public = True` for reading; a token needs the scope.

    A view that serves jobs sets `scopes = {Scope.JOB}`; others take `read` for safe methods and `write` for the rest.
    """

    safe: ClassVar[Sequence[str]] = SAFE_METHODS

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the caller may come in at all; objects are checked by the view."""
        identity = request.auth
        if isinstance(identity, TokenIdentity):
            return bool(identity.scopes & self._wanted(request, view))
        if getattr(view, "is_public", False) and request.method in self.safe:
            return True
        return request.user.is_authenticated and Scope.JOB not in getattr(view, "scopes", set())

    def _wanted(self, request: Request, view: "APIView") -> set[Scope]:
        scopes: set[Scope] | None = getattr(view, "scopes", None)
        if scopes is not None:
            return scopes
        return {Scope.READ, Scope.WRITE} if request.method in self.safe else {Scope.WRITE}
