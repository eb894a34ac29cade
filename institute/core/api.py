"""Furniture of every API endpoint: problem+json, keyset paging, idempotency keys."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import exceptions, renderers, serializers, status
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from institute.core.errors import Conflict, DomainError, Refused
from institute.core.models import IdempotencyKey
from institute.core.parsers import TooLarge
from institute.core.problems import body_of
from institute.core.states import REASON_LENGTH


class KeysetPagination(CursorPagination):
    """`?cursor=`; newest first unless the view orders otherwise; 50 a page, at most 200."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Any:
        """The cursor, whose text no column may refuse."""
        cursor = super().decode_cursor(request)
        if cursor is not None and "\0" in str(cursor.position or ""):
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """A page; 404 for a cursor whose position is no value of the column that orders."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValueError as error:
            raise exceptions.NotFound(self.invalid_cursor_message) from error


class Problem(Response):
    """JSON, whatever the view writes otherwise."""

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]  # the stubs say text; DRF renders bytes
        """The body, and its type."""
        self["Content-Type"] = "application/problem+json"
        return bytes(renderers.JSONRenderer().render(self.data))


def problem(
    code: int,
    slug: str,
    detail: str,
    *,
    errors: Any = None,
    way_out: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """An RFC 9457 answer."""
    body = body_of(code, slug, detail)
    if way_out:
        body["way_out"] = way_out
    if errors is not None:
        body["errors"] = errors
    return Problem(body, status=code, headers=headers)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every known error as problem+json; None lets an unknown one be a 500."""
    if isinstance(error, DomainError):
        set_rollback()
        message, way_out = str(error.message), str(error.way_out)
        return problem(error.status, error.rule, message, errors=error.errors or None, way_out=way_out)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge()
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError(str(error))
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    headers = {}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        headers["WWW-Authenticate"] = getattr(error, "auth_header", 'Bearer realm="headwaters"')
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]  # only Throttled has it
    if isinstance(error, exceptions.ValidationError):
        return problem(error.status_code, "invalid", "Some fields are not valid.", errors=error.detail)
    slug = str(error.default_code).replace("_", "-")
    return problem(error.status_code, slug, str(error.detail), headers=headers)


class ReasonInput(serializers.Serializer[Any]):
    """A decision that needs a reason."""

    reason = serializers.CharField(max_length=REASON_LENGTH)


def verb_view(
    view: type[APIView], verb: str, takes: type[serializers.Serializer[Any]] | None
) -> Callable[..., HttpResponseBase]:
    """One verb of a view whose `verb` says what its POST does; the OpenAPI file shows what just this verb takes."""
    of_verb: type[APIView] = type(f"{view.__name__}{verb.title()}", (view,), {"verb": verb, "__doc__": view.__doc__})
    extend_schema_view(post=extend_schema(request=takes))(of_verb)
    return of_verb.as_view()


def _fingerprint(request: Request) -> str:
    form = {name: value for name, value in request.data.items() if not hasattr(value, "read")}
    text = json.dumps([request.method, request.path, form], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _claim(owner: str, key: str, sha256: str) -> IdempotencyKey | None:
    """A row of our own, or None if the key is known."""
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(owner=owner, key=key, request_sha256=sha256)
    except IntegrityError:
        return None


def idempotent(method: Callable[..., Response]) -> Callable[..., Response]:
    """Decorates a POST method of an APIView: with an `Idempotency-Key` header a repetition gets the stored answer.

    The key's row commits with the work, so a failed request leaves the key free. The same key with another
    body is Conflict; a repetition while the first still runs waits for it.
    """

    @wraps(method)
    def wrapper(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return method(view, request, *args, **kwargs)
        if len(key) > 255 or not (key.isascii() and key.isprintable()):
            raise Refused("An Idempotency-Key has at most 255 characters of ASCII.", field="Idempotency-Key")
        owner, sha256 = str(getattr(request._request, "actor", "")), _fingerprint(request)
        with transaction.atomic():
            row = _claim(owner, key, sha256)
            if row is None:
                return _stored(owner, key, sha256)
            response = method(view, request, *args, **kwargs)
            IdempotencyKey.objects.filter(pk=row.pk).update(
                status_code=response.status_code, body=json.loads(json.dumps(response.data, default=str))
            )
        return response

    return wrapper


def _stored(owner: str, key: str, sha256: str) -> Response:
    row = IdempotencyKey.objects.get(owner=owner, key=key)
    if row.request_sha256 != sha256:
        raise Conflict("This Idempotency-Key was used for another request.", way_out="Use a fresh key.")
    return Response(row.body, status=row.status_code or status.HTTP_200_OK, headers={"Idempotent-Replay": "true"})
