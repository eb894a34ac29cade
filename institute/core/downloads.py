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
    chunks = _AsyncChunks(file) if isinstance(request, ASGIRequest) else _Chunks(file)
    response = StreamingHttpResponse(chunks, content_type="application/octet-stream")
    response["Content-Length"] = str(size)
    response["X-Content-Type-Options"] = "nosniff"
    if name:
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


class _Held:
    """An open file; the response closes it with itself, also when nobody has read a byte."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.close = file.close


class _Chunks(_Held):
    def __iter__(self) -> Iterator[bytes]:
        return read_chunks(self.file)


class _AsyncChunks(_Held):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await sync_to_async(self.file.read)(CHUNK):
            yield chunk
