"""Bytes of the object store on their way out, a chunk at a time on either kind of server."""

from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from institute.core.storage import CHUNK, read_chunks, store


def send_file(request: HttpRequest, key: str, *, size: int, name: str = "") -> StreamingHttpResponse:
    """The bytes under `key`; with a name the browser saves them, and never shows them as a page of ours."""
    file = store().open(key)
    chunks = _async_chunks(file) if isinstance(request, ASGIRequest) else _chunks(file)
    response = StreamingHttpResponse(chunks, content_type="application/octet-stream")
    response["Content-Length"] = str(size)
    response["X-Content-Type-Options"] = "nosniff"
    if name:
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from read_chunks(file)


async def _async_chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while chunk := await sync_to_async(file.read)(CHUNK):
            yield chunk
    finally:
        file.close()
