"""Files of a commit: listed, looked at, downloaded."""

import re
from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from institute.catalog.enums import ArtifactKind, BlobStatus
from institute.catalog.finding import artifact_or_404, commit_or_404
from institute.catalog.models import Artifact, Blob, Commit
from institute.catalog.queries import trees
from institute.catalog.queries.bytes import MOST_TEXT, is_there, open_blob, text_of
from institute.catalog.queries.trees import FileAt
from institute.catalog.queries.visibility import readable_commits
from institute.core.errors import NotFound, Refused

CHUNK = 256 * 1024
MOST_FILES = 200
MOST_COMMITS = 50
SALT = "institute.catalog.history"
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# Types that a browser shows without running anything; all else is bytes to be saved.
SHOWN = {
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp"), "image/"),
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "md": "text/plain; charset=utf-8",
    "csv": "text/plain; charset=utf-8",
    "pdf": "application/pdf",
}


def _named(request: HttpRequest, kind: ArtifactKind, handle: str, name: str, rev: str) -> tuple[Artifact, Commit]:
    artifact = artifact_or_404(request, kind=kind, handle=handle, name=name)
    return artifact, commit_or_404(request, artifact, rev)


def _file(commit: Commit, path: str) -> FileAt:
    file = trees.file_at(commit, path)
    if file is None:
        raise Http404
    return file


@require_safe
def tree(request: HttpRequest, kind: ArtifactKind, handle: str, name: str, rev: str) -> HttpResponse:
    """The files of a commit by path, from the one `after` on."""
    artifact, commit = _named(request, kind, handle, name, rev)
    after, files = request.GET.get("after", ""), trees.files_of(commit)
    following = [file for file in files if file.path > after]
    context = {"artifact": artifact, "commit": commit, "rev": rev, "files": following[:MOST_FILES], "count": len(files)}
    context["is_first"] = len(following) == len(files)
    context["next"] = following[MOST_FILES - 1].path if len(following) > MOST_FILES else ""
    return _private(artifact, render(request, "catalog/tree.html", context))


@require_safe
def history(request: HttpRequest, kind: ArtifactKind, handle: str, name: str, rev: str) -> HttpResponse:
    """The commits behind a commit, newest first, from the one on that `after` names."""
    artifact, commit = _named(request, kind, handle, name, rev)
    commits = trees.history_of(_later_start(request, commit), MOST_COMMITS)
    parents = commits[-1].parents
    older = signing.dumps([commit.sha1, parents[0]], salt=SALT) if parents else ""
    context = {"artifact": artifact, "commit": commit, "rev": rev, "commits": commits, "older": older}
    return _private(artifact, render(request, "catalog/history.html", context))


def _later_start(request: HttpRequest, commit: Commit) -> Commit:
    """Where a later page of a history starts: its marker is signed, so that it names one of this very history."""
    if not (marker := request.GET.get("after")):
        return commit
    try:
        head, sha1 = signing.loads(marker, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise Http404 from error
    found = commit.artifact.commits.filter(sha1=sha1).first() if head == commit.sha1 else None
    if found is None:
        raise Http404
    return found


@require_safe
def file_page(request: HttpRequest, kind: ArtifactKind, handle: str, name: str, rev: str, path: str) -> HttpResponse:
    """One file: text as text, all else as facts and a download."""
    artifact, commit = _named(request, kind, handle, name, rev)
    file = _file(commit, path)
    blob = Blob.objects.prefetch_related("scans").get(sha256=file.sha256)
    text = text_of(blob) if blob.is_text and blob.status == BlobStatus.STORED else ""
    context = {"artifact": artifact, "commit": commit, "rev": rev, "file": file, "blob": blob, "text": text}
    context["is_cut"] = bool(text) and blob.size > MOST_TEXT
    return _private(artifact, render(request, "catalog/file.html", context))


@require_safe
def download(request: HttpRequest, kind: ArtifactKind, handle: str, name: str, rev: str, path: str) -> HttpResponseBase:
    """The bytes of a file: whole or a range, never run by a browser, known by their SHA-256."""
    _artifact, commit = _named(request, kind, handle, name, rev)
    file = _file(commit, path)
    blob = _sound(file)
    etag = f'"{file.sha256}"'
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = _bytes(request, blob)
    _describe(response, file, commit, etag)
    is_fixed = rev == commit.sha1 and readable_commits(AnonymousUser(), timezone.now()).filter(pk=commit.pk).exists()
    response["Cache-Control"] = "public, max-age=31536000, immutable" if is_fixed else "private, no-cache"
    return response


def _sound(file: FileAt) -> Blob:
    """The bytes of a file. Refused for quarantined ones, NotFound for lost ones."""
    blob = trees.blob_of(file)
    if blob.status != BlobStatus.STORED:
        raise Refused(
            _("“%(path)s” is quarantined.") % {"path": file.path},
            rule="quarantined",
            way_out=_("Ask the authors for a safe copy."),
        )
    if not is_there(blob):
        raise NotFound(_("The store has lost “%(path)s”.") % {"path": file.path}, rule="lost")
    return blob


def _describe(response: HttpResponseBase, file: FileAt, commit: Commit, etag: str) -> None:
    suffix = file.name.rpartition(".")[2].lower()
    kind = SHOWN.get(suffix, "application/octet-stream")
    response["Content-Type"] = kind + {"jpg": "jpeg"}.get(suffix, suffix) if kind.endswith("/") else kind
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["X-Repo-Commit"] = commit.sha1


def _bytes(request: HttpRequest, blob: Blob) -> HttpResponseBase:
    start, end, status = _range(request.headers.get("Range", ""), blob.size)
    if status == 416:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{blob.size}"})
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(status=status)
    else:
        body = _chunks(blob, start, end)
        sent: Iterator[bytes] | AsyncIterator[bytes] = _async(body) if isinstance(request, ASGIRequest) else body
        response = StreamingHttpResponse(sent, status=status)
    response["Content-Length"] = str(end - start)
    if status == 206:
        response["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size}"
    return response


def _range(header: str, size: int) -> tuple[int, int, int]:
    """(start, end, status) of a Range header; several ranges, or none that we understand, give the whole (RFC 9110)."""
    found = RANGE.fullmatch(header.strip())
    if found is None or found.groups() == ("", ""):
        return 0, size, 200
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return 0, size, 200
    return (start, end, 206) if start < end else (0, 0, 416)


def _chunks(blob: Blob, start: int, end: int) -> Iterator[bytes]:
    with open_blob(blob) as file:
        file.seek(start)
        left = end - start
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


async def _async(source: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks for an ASGI server, which would otherwise gather them all before it sends one."""
    while (chunk := await sync_to_async(_next)(source)) is not None:
        yield chunk


def _next(source: Iterator[bytes]) -> bytes | None:
    return next(source, None)


def _private(artifact: Artifact, response: HttpResponse) -> HttpResponse:
    """What is not published is in no index."""
    if artifact.latest_id is None:
        response["X-Robots-Tag"] = "noindex"
    return response
