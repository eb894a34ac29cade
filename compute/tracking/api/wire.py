"""What every endpoint of the SDK's protocol shares: who asks, the body, and answers that never lie about blame.

The SDK gives a run up for good on most 4xx (TRACKING, "Traps and cures"): a fault of ours is a 5xx always.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import psycopg_pool
import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from compute.jobs.models import Job
from compute.tracking.answers import json_answer
from institute.core.actors import Actor
from institute.core.errors import DomainError
from institute.people.authentication import identify
from institute.people.enums import Scope
from institute.people.models import User

log = structlog.get_logger(__name__)
MAX_BODY = 12 * 1024 * 1024
PIECE = 256 * 1024
AWAY = (OperationalError, InterfaceError, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)
RETRY_AFTER_S = "5"


class Answer(Exception):
    """Ends a request with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.code = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: one job by its own token, or a person by a token with the scope `runs`."""

    actor: Actor
    job: Job | None
    user: User | None


def error_answer(status: int, message: str) -> HttpResponse:
    """An error in the form that the SDK prints."""
    headers = {"WWW-Authenticate": 'Basic realm="headwaters"'} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_S
    return json_answer({"error": message}, status, **headers)


def protocol_view(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of the protocol: no CSRF, and every fault mapped so that the SDK tries again when it should."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Answer as answer:
            return error_answer(answer.code, answer.message)
        except AWAY as error:
            log.warning("tracking_database_away", error=type(error).__name__)
            return error_answer(503, "The database is away for a moment; send it again.")
        except DomainError as error:
            return error_answer(error.status, str(error))
        except Exception:
            log.exception("tracking_fault", path=request.path)
            return error_answer(500, "A fault of the platform; send it again.")

    return guarded


def caller_of(request: HttpRequest) -> Caller:
    """Who asks. Answer 401 without a usable token, 403 if its scopes do not open the tracker."""
    identity = identify(request)
    if identity is None:
        raise Answer(401, "The API key is unknown, expired or revoked. Make a new one in your account.")
    if not identity.scopes & {Scope.RUNS, Scope.JOB}:
        raise Answer(403, "This token does not open the tracker: it needs the scope “runs”.")
    token = identity.token
    if not token.job_id:
        return Caller(identity.actor, None, token.user)
    job = Job.objects.select_related("project").filter(public_id=token.job_id).first()
    if job is None:
        raise Answer(401, "The job of this token does not exist.")
    return Caller(identity.actor, job, None)


def read_body(request: HttpRequest, limit: int = MAX_BODY) -> bytes:
    """The body, unpacked if it is gzip. Answer 413 beyond `limit`, packed or unpacked; 400 for broken gzip."""
    is_packed = request.headers.get("Content-Encoding", "").lower() == "gzip"
    unpack = zlib.decompressobj(wbits=31) if is_packed else None
    content = bytearray()
    received = 0
    while piece := request.read(PIECE):
        received += len(piece)
        content += _unpacked(unpack, piece, limit - len(content)) if unpack else piece
        if max(received, len(content)) > limit:
            raise Answer(413, f"A body has at most {limit} bytes.")
    if unpack is not None and not unpack.eof:
        raise Answer(400, "The gzip body ends too early.")
    return bytes(content)


def _unpacked(unpack: Any, piece: bytes, room: int) -> bytes:
    try:
        unpacked: bytes = unpack.decompress(piece, room + 1)
    except zlib.error as error:
        raise Answer(400, "The body is not gzip as its header says.") from error
    return unpacked


def read_json(request: HttpRequest) -> Any:
    """The parsed body; not-a-number and infinities are legal here, as the SDK sends them. Answer 400 otherwise."""
    try:
        return json.loads(read_body(request))
    except (ValueError, RecursionError) as error:
        raise Answer(400, "The body is not JSON.") from error
