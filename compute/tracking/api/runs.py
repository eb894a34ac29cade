"""Runs over the API, for people."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.tracking import ports
from compute.tracking.answers import file_answer, hardware_of, public_values, series_body
from compute.tracking.models import Run, RunFile
from compute.tracking.panels import numeric_keys
from compute.tracking.queries.runs import console, console_length, files_of, run_by_public_id, runs_visible_to
from compute.tracking.queries.series import lines_held, shown_writers

MOST_LINES = 10_000


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run in short."""

    id = serializers.CharField(source="public_id", read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)
    run_id = serializers.CharField(source="name", read_only=True)
    job = serializers.CharField(source="job.public_id", default="", read_only=True)
    run_project = serializers.CharField(source="run_project.name", read_only=True)

    class Meta:
        model = Run
        fields: ClassVar[tuple[str, ...]] = (
            "id", "name", "run_id", "run_project", "job", "status", "exit_code", "next_step", "created_at",
            "started_at", "heartbeat_at", "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class RunDetailSerializer(RunSerializer):
    """A run with what it says of itself."""

    lines = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "config", "summary", "tags", "notes", "group", "job_type", "lines")
        read_only_fields = fields

    def get_lines(self, run: Run) -> int:
        """How many lines of metrics are held."""
        return lines_held(shown_writers(run))


class PublicRunSerializer(serializers.ModelSerializer[Run]):
    """What everybody may read of a run whose result is published: its numbers, and what kind of machine it had."""

    id = serializers.CharField(source="public_id", read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)
    config = serializers.SerializerMethodField()
    summary = serializers.SerializerMethodField()
    hardware = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields: ClassVar[tuple[str, ...]] = (
            "id", "name", "status", "next_step", "created_at", "started_at", "heartbeat_at", "finished_at",
            "config", "summary", "hardware",
        )  # fmt: skip
        read_only_fields = fields

    def get_config(self, run: Run) -> dict[str, Any]:
        """Flat names, without the SDK's own entries."""
        return public_values(run.config)

    def get_summary(self, run: Run) -> dict[str, Any]:
        """Flat names, without the SDK's own entries."""
        return public_values(run.summary)

    def get_hardware(self, run: Run) -> dict[str, Any]:
        """Never its name, folders or people."""
        return hardware_of(run)


class FileSerializer(serializers.ModelSerializer[RunFile]):
    """A file of a run."""

    id = serializers.CharField(source="public_id", read_only=True)

    class Meta:
        model = RunFile
        fields = ("id", "path", "kind", "size", "sha256", "uploaded_at")
        read_only_fields = fields


def _run(request: Request, public_id: str) -> Run:
    """The run if the caller may see it, or 404."""
    return get_object_or_404(runs_visible_to(request.user), public_id=public_id)


def _run_or_public(request: Request, public_id: str) -> tuple[Run, bool]:
    """(the run, whether the caller works on it): for others only while its result is published. 401 or 404 else."""
    run = runs_visible_to(request.user).filter(public_id=public_id).first()
    if run is not None:
        return run, True
    found = run_by_public_id(public_id)
    if found is not None and ports.is_published(found):
        return found, False
    if not request.user.is_authenticated:
        raise NotAuthenticated
    raise Http404


class RunList(generics.ListAPIView[Run]):
    """Runs that the caller may see, newest first."""

    serializer_class = RunSerializer
    filterset_fields: ClassVar = ["status"]
    queryset = Run.objects.none()

    def get_queryset(self) -> QuerySet[Run]:
        return runs_visible_to(self.request.user)


class RunDetail(APIView):
    """One run: all of it for those who work on it, its numbers for everybody once its result is published."""

    is_public = True

    @extend_schema(
        responses=PolymorphicProxySerializer(
            component_name="RunAsSeen",
            serializers=[RunDetailSerializer, PublicRunSerializer],
            resource_type_field_name=None,
        )
    )
    def get(self, request: Request, public_id: str) -> Response:
        run, works_on_it = _run_or_public(request, public_id)
        return Response((RunDetailSerializer if works_on_it else PublicRunSerializer)(run).data)


@extend_schema_view(
    get=extend_schema(
        parameters=[OpenApiParameter(name, str) for name in ("keys", "from", "to", "after_line", "buckets", "stream")],
        responses={200: dict},
    )
)
class RunSeries(APIView):
    """Curves as columns, whole or reduced to buckets that hide no spike; of a published run for everybody."""

    is_public = True

    def get(self, request: Request, public_id: str) -> Response:
        run, works_on_it = _run_or_public(request, public_id)
        among = None if works_on_it else numeric_keys(run)
        return Response(series_body(run, request._request.GET, among=among))


class LogQuery(serializers.Serializer[Any]):
    """Which lines."""

    after = serializers.IntegerField(default=0, min_value=0, max_value=2**53)
    limit = serializers.IntegerField(default=1000, min_value=1, max_value=MOST_LINES)


@extend_schema_view(get=extend_schema(parameters=[LogQuery], responses={200: dict}))
class RunLog(APIView):
    """Console lines after the first `after`, with the number at which the next page starts."""

    def get(self, request: Request, public_id: str) -> Response:
        query = LogQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        run, after = _run(request, public_id), query.validated_data["after"]
        lines = console(run, after=after, limit=query.validated_data["limit"])
        length = console_length(shown_writers(run))
        last = lines[-1][0] + 1 if lines else after
        return Response({"lines": [text for _, text in lines], "after": last, "length": length})


class RunFiles(generics.ListAPIView[RunFile]):
    """The files that have arrived."""

    serializer_class = FileSerializer
    queryset = RunFile.objects.none()

    def get_queryset(self) -> QuerySet[RunFile]:
        return files_of(_run(self.request, self.kwargs["public_id"]))


@extend_schema_view(get=extend_schema(responses={(200, "application/octet-stream"): bytes}))
class RunFileContent(APIView):
    """The bytes of one file."""

    def get(self, request: Request, public_id: str, file_id: str) -> HttpResponseBase:
        return file_answer(get_object_or_404(files_of(_run(request, public_id)), public_id=file_id))


api_urlpatterns = [
    path("runs", RunList.as_view(), name="run-list"),
    path("runs/<str:public_id>", RunDetail.as_view(), name="run-detail"),
    path("runs/<str:public_id>/series", RunSeries.as_view(), name="run-series"),
    path("runs/<str:public_id>/log", RunLog.as_view(), name="run-log"),
    path("runs/<str:public_id>/files", RunFiles.as_view(), name="run-file-list"),
    path("runs/<str:public_id>/files/<str:file_id>", RunFileContent.as_view(), name="run-file"),
]
