"""Artefacts, the bytes people bring, and commits."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from institute.catalog import actions
from institute.catalog.api.serializers import (
    ArtifactInput,
    ArtifactSerializer,
    CommitFileSerializer,
    CommitInput,
    CommitSerializer,
    UploadInput,
    UploadSerializer,
)
from institute.catalog.enums import ArtifactKind
from institute.catalog.finding import commit_or_404
from institute.catalog.models import Artifact, Commit, Revision
from institute.catalog.queries import artifacts, pages, trees, visibility
from institute.catalog.queries.chain import as_json, provenance
from institute.core.api import idempotent
from institute.core.errors import NotFound, Refused
from institute.people.access import acting, require_permission
from institute.people.models import User
from institute.people.queries import handle_named

CHUNK = 1024 * 1024


def artifact_or_404(request: Request, public_id: str, permission: str = "") -> Artifact:
    """The artefact with this id as far as the caller may know of it; with `permission`, 403 without that."""
    found = visibility.artifacts_visible_to(request.user, timezone.now()).filter(public_id=public_id)
    artifact = found.select_related("namespace", "project", "owner", "latest__commit").first()
    if artifact is None:
        raise Http404
    if permission:
        require_permission(request, permission, artifact)
    return artifact


def person(request: Request) -> User:
    """The person who calls, also behind a token."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


class ArtifactList(generics.ListAPIView[Artifact]):
    """Models, data sets and code that the caller may see, newest first."""

    is_public = True
    serializer_class = ArtifactSerializer
    filterset_fields: ClassVar = {"kind": ["exact"], "namespace__name": ["iexact"], "licence": ["exact"]}

    def get_queryset(self) -> QuerySet[Artifact]:
        """Published ones for everybody, drafts for their members."""
        return artifacts.for_lists(visibility.artifacts_visible_to(self.request.user, timezone.now()))

    @extend_schema(request=ArtifactInput, responses={201: ArtifactSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Make an empty artefact under a handle."""
        given = ArtifactInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        namespace = handle_named(data["handle"])
        if namespace is None:
            raise Refused("There is no such handle.", field="handle", rule="handle-unknown")
        require_permission(request, "catalog.create_artifact", namespace)
        artifact = actions.create_artifact(
            kind=ArtifactKind(data["kind"]),
            namespace=namespace,
            name=data["name"],
            summary=data["summary"],
            by=acting(request._request),
        )
        return Response(ArtifactSerializer(artifact).data, status=status.HTTP_201_CREATED)


class ArtifactDetail(APIView):
    """One artefact."""

    is_public = True

    @extend_schema(responses=ArtifactSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        """As the caller may see it."""
        return Response(ArtifactSerializer(artifact_or_404(request, public_id)).data)


class UploadList(APIView):
    """Files as multipart/form-data."""

    parser_classes = [MultiPartParser]

    @extend_schema(request=UploadInput, responses={201: UploadSerializer})
    def post(self, request: Request, public_id: str) -> Response:
        """Keep a file; its hash may be named in a commit within a day."""
        artifact = artifact_or_404(request, public_id, "catalog.edit_artifact")
        given = UploadInput(data=request.data)
        given.is_valid(raise_exception=True)
        source = given.validated_data["file"].file
        upload = actions.upload_file(
            artifact=artifact, source=source, user=person(request), by=acting(request._request)
        )
        return Response(UploadSerializer(upload).data, status=status.HTTP_201_CREATED)


class RawParser(BaseParser):
    """Leaves the body alone, whatever its type: the view streams it."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Nothing is read here."""
        return {}


class UploadBody(APIView):
    """A file as the body itself, under its announced SHA-256."""

    parser_classes = [RawParser]

    @extend_schema(request={"application/octet-stream": OpenApiTypes.BINARY}, responses={201: UploadSerializer})
    def put(self, request: Request, public_id: str, sha256: str) -> Response:
        """Stream the body into the store. Idempotent by its hash."""
        artifact = artifact_or_404(request, public_id, "catalog.edit_artifact")
        length = request.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise Refused("The request needs a Content-Length.", rule="length")
        upload = actions.receive_upload(
            artifact=artifact,
            chunks=_body(request),
            sha256=sha256,
            size=int(length),
            user=person(request),
            by=acting(request._request),
        )
        return Response(UploadSerializer(upload).data, status=status.HTTP_201_CREATED)


def _body(request: Request) -> Iterator[bytes]:
    while chunk := request._request.read(CHUNK):
        yield chunk


class CommitList(APIView):
    """The history of the main branch."""

    is_public = True

    @extend_schema(responses=CommitSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """Newest first, at most 200."""
        commit = _commit(request, artifact_or_404(request, public_id), "main")
        return Response(CommitSerializer(trees.history_of(commit), many=True).data)

    @extend_schema(request=CommitInput, responses={201: CommitSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Put and delete files in one commit."""
        artifact = artifact_or_404(request, public_id, "catalog.edit_artifact")
        given = CommitInput(data=request.data)
        given.is_valid(raise_exception=True)
        with transaction.atomic():
            commit = actions.commit_files(
                artifact=artifact,
                changes=_changes(request, artifact, given.validated_data["changes"]),
                message=given.validated_data["message"],
                parent=given.validated_data.get("parent"),
                by=acting(request._request),
            )
        return Response(CommitSerializer(commit).data, status=status.HTTP_201_CREATED)


def _changes(request: Request, artifact: Artifact, rows: list[dict[str, Any]]) -> list[actions.FileChange]:
    texts = [BytesIO(row["text"].encode()) for row in rows if "text" in row]
    by = acting(request._request)
    brought = iter(actions.upload_files(artifact=artifact, sources=texts, user=person(request), by=by))
    return [
        actions.Delete(row["path"])
        if row["op"] == "delete"
        else actions.Put(row["path"], next(brought).blob_id if "text" in row else row["sha256"])
        for row in rows
    ]


def _commit(request: Request, artifact: Artifact, rev: str) -> Commit:
    try:
        return commit_or_404(request._request, artifact, rev)
    except Http404:
        raise NotFound(f"There is no commit “{rev[:64]}” that you may see.", rule="revision-unknown") from None


class FileList(APIView):
    """The files of a commit."""

    is_public = True

    @extend_schema(parameters=[OpenApiParameter("rev", str)], responses=CommitFileSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """By path; `rev` is a branch, a revision's label or a commit (default: the published revision)."""
        artifact = artifact_or_404(request, public_id)
        commit = _commit(request, artifact, request.query_params.get("rev", "main"))
        return Response(CommitFileSerializer(trees.files_of(commit), many=True).data)


class ArtifactProvenance(APIView):
    """The chain behind the published revision."""

    is_public = True

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        """From the files back to the donors."""
        artifact = artifact_or_404(request, public_id)
        if artifact.latest_id is None:
            raise Http404
        return Response(as_json(provenance(pages.for_page(Revision.objects.all()).get(pk=artifact.latest_id))))
