"""Bytes of files, by signed address: no key is needed, and none is sent."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from compute.tracking.actions.files import upload_file
from compute.tracking.answers import file_answer
from compute.tracking.api.capabilities import file_behind
from compute.tracking.api.wire import PIECE, Answer, protocol_view
from compute.tracking.models import RunFile

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, PUT, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(PIECE):
        yield piece


@protocol_view
def storage(request: HttpRequest, token: str) -> HttpResponseBase:
    """PUT keeps the body as the file's content, GET gives it back. 403 once the address has expired."""
    response: HttpResponseBase
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
    elif request.method == "PUT":
        upload_file(file=_file(token, "PUT"), chunks=_pieces(request))
        response = HttpResponse(status=200)
    elif request.method in {"GET", "HEAD"}:
        file = _file(token, "GET")
        if not file.storage_key:
            raise Answer(404, "This file has not arrived.")
        response = file_answer(file)
    else:
        raise Answer(405, "GET, PUT and OPTIONS are answered here.")
    for name, value in CORS.items():
        response[name] = value
    return response


def _file(token: str, method: str) -> RunFile:
    file = file_behind(token, method)
    if file is None:
        raise Answer(403, "This address is not valid, or no longer.")
    return file
