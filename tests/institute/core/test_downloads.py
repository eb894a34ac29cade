"""A file on its way out is closed, whether it was read or not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.client import AsyncRequestFactory

from institute.core.downloads import send_file
from institute.core.storage import store

KEY = "documents/downloads-test"


@pytest.fixture(autouse=True)
def bytes_under_key() -> Iterator[None]:
    store().write(KEY, [b"a" * 10, b"b" * 10])
    yield
    store().delete(KEY)


@pytest.fixture(autouse=True)
def connections_are_kept() -> Iterator[None]:
    """The end of a response closes connections; a test's own stay open."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


def open_files() -> list[str]:
    """The files of this process that are open."""
    return [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]


@pytest.mark.parametrize("factory", [RequestFactory, AsyncRequestFactory])
def test_a_download_that_nobody_reads_is_closed(factory: type[RequestFactory]) -> None:
    request: HttpRequest = factory().head("/")
    assert isinstance(request, WSGIRequest | ASGIRequest)
    response = send_file(request, KEY, size=20)
    held = [name for name in open_files() if name.endswith(KEY)]
    response.close()
    assert (len(held), [name for name in open_files() if name.endswith(KEY)]) == (1, [])


def test_a_download_is_the_bytes_and_is_closed_after_them() -> None:
    response = send_file(RequestFactory().get("/"), KEY, size=20, name="a file.txt")
    assert b"".join(response.streaming_content) == b"a" * 10 + b"b" * 10  # type: ignore[arg-type]  # a WSGI request
    response.close()
    assert [name for name in open_files() if name.endswith(KEY)] == []


async def collected(response: object) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])  # type: ignore[attr-defined]


def test_an_asynchronous_download_is_the_same_bytes() -> None:
    response = send_file(AsyncRequestFactory().get("/"), KEY, size=20)
    assert async_to_sync(collected)(response) == b"a" * 10 + b"b" * 10
    response.close()
    assert [name for name in open_files() if name.endswith(KEY)] == []
