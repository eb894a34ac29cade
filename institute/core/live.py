"""Live hints: "something about this subject changed", over Redis to the pages that show it.

A hint carries no content. A page that hears one asks again for what it shows, so a lost hint costs
seconds and a forged one nothing.
"""

import json
from collections.abc import AsyncIterator, Sequence

import redis
import redis.asyncio
import structlog
from django.conf import settings
from django.db import transaction
from django.http import StreamingHttpResponse

log = structlog.get_logger(__name__)
CHANNEL = "live:"
KEEP_ALIVE_S = 15.0
_clients: dict[str, redis.Redis] = {}


def _client() -> redis.Redis:
    url = settings.REDIS_URL
    if url not in _clients:
        _clients[url] = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    return _clients[url]


def hint(subject: str, kind: str = "changed", detail: str = "") -> None:
    """Tell the pages about `subject` once the transaction commits. Never raises: pages also poll."""

    def send() -> None:
        try:
            _client().publish(CHANNEL + subject, json.dumps({"subject": subject, "kind": kind, "detail": detail}))
        except redis.RedisError as error:
            log.warning("live_hint_lost", subject=subject, error=type(error).__name__)

    transaction.on_commit(send)


async def events(subjects: Sequence[str]) -> AsyncIterator[bytes]:
    """Server-sent events for `subjects`, a word every 15 s so that proxies keep the line open."""
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    try:
        await pubsub.subscribe(*[CHANNEL + subject for subject in subjects])
        yield b"retry: 3000\n: open\n\n"
        while True:
            message = await pubsub.get_message(timeout=KEEP_ALIVE_S)
            if message is None:
                yield b"event: still\ndata: 1\n\n"  # no comment: the page shows when it last heard
                continue
            data = message["data"].decode()
            yield f"event: hint\ndata: {data}\n\n".encode()
    except (redis.RedisError, OSError):
        return
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis leaves it untyped
        await client.aclose()


def stream(subjects: Sequence[str]) -> StreamingHttpResponse:
    """The answer of a page's one event stream; the caller has checked that the reader may see `subjects`."""
    response = StreamingHttpResponse(events(subjects), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


def ping() -> None:
    """Raise redis.RedisError unless Redis answers."""
    _client().ping()
