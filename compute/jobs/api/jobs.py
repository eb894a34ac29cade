"""Jobs for people and their tokens."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.allocations.models import Allocation
from compute.allocations.queries import allocations_visible_to
from compute.jobs import actions, queries
from compute.jobs.api.inputs import NAME_LENGTH, any_submission
from compute.jobs.api.serializers import (
    AttemptSerializer,
    FileSerializer,
    JobDetailSerializer,
    JobSerializer,
    LogSerializer,
    QuoteSerializer,
)
from compute.jobs.models import Attempt, Job, JobFile
from compute.jobs.rules.quoting import quote
from compute.recipes import registry
from compute.recipes.base import Recipe
from institute.core.api import idempotent
from institute.people.access import acting, require_permission
from institute.people.models import User

LARGEST_OFFSET = 2**40


class SubmissionInput(serializers.Serializer[Any]):
    """What every submission has; the inputs are the recipe's to judge."""

    recipe = serializers.CharField(max_length=64)
    allocation = serializers.CharField(max_length=26)
    name = serializers.CharField(max_length=NAME_LENGTH, default="", allow_blank=True)
    inputs = serializers.DictField(default=dict)
    accepted_warnings = serializers.ListField(child=serializers.CharField(max_length=200), default=list, max_length=50)

    def validate_recipe(self, name: str) -> Recipe:
        """A recipe that exists."""
        try:
            return registry.get(name)
        except registry.UnknownRecipe as error:
            raise serializers.ValidationError(str(error)) from error


class StopInput(serializers.Serializer[Any]):
    """Why a job is stopped."""

    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)


class RecipeSerializer(serializers.Serializer[Recipe]):
    """A kind of training job."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the wire's name for it
    summary = serializers.CharField()
    version = serializers.IntegerField()
    environment = serializers.CharField()


def visible_jobs(request: Request) -> QuerySet[Job]:
    """The jobs that the caller may know of."""
    user = request.user
    jobs = queries.jobs_visible_to(user, timezone.now()) if isinstance(user, User) else Job.objects.none()
    return jobs.select_related("allocation")


def visible_job(request: Request, public_id: str) -> Job:
    """404 for jobs of others."""
    return get_object_or_404(visible_jobs(request), public_id=public_id)


def payable(request: Request, public_id: str) -> Allocation:
    """The allocation that is to pay, if the caller may submit on it."""
    user = request.user
    seen = allocations_visible_to(user, timezone.now()) if isinstance(user, User) else Allocation.objects.none()
    allocation = seen.select_related("project", "request").filter(public_id=public_id).first()
    if allocation is None:
        raise serializers.ValidationError({"allocation": ["There is no such allocation."]})
    require_permission(request, "jobs.submit_job", allocation)
    return allocation


def submission(request: Request) -> tuple[dict[str, Any], Allocation]:
    """The valid envelope of a submission and what is to pay for it."""
    body = SubmissionInput(data=request.data)
    body.is_valid(raise_exception=True)
    return body.validated_data, payable(request, body.validated_data["allocation"])


class RecipeList(APIView):
    """Recipes."""

    @extend_schema(responses=RecipeSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Every recipe that can be submitted."""
        recipes = RecipeSerializer(registry.all_recipes(), many=True)  # type: ignore[arg-type]  # many
        return Response(recipes.data)


class JobList(generics.ListAPIView[Job]):
    """Jobs, newest first: staff see all, others those of their projects."""

    serializer_class = JobSerializer
    queryset = Job.objects.none()
    filterset_fields = {"status": ["exact"], "recipe": ["exact"], "project__handle": ["exact"]}

    def get_queryset(self) -> QuerySet[Job]:
        """What the caller may know of."""
        return visible_jobs(self.request)

    @extend_schema(request=any_submission(), responses={201: JobDetailSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Submit a job: its hours are held, or it is refused with every reason."""
        data, allocation = submission(request)
        job = actions.submit_job(
            allocation=allocation,
            recipe=data["recipe"],
            values=data["inputs"],
            name=data["name"],
            by=acting(request),
            accepted_warnings=data["accepted_warnings"],
        )
        return Response(JobDetailSerializer(job).data, status=status.HTTP_201_CREATED)


class JobQuote(APIView):
    """Cost and refusals before submitting."""

    @extend_schema(request=any_submission(), responses=QuoteSerializer)
    def post(self, request: Request) -> Response:
        """What submitting these inputs would cost, hold and meet; nothing is written."""
        data, allocation = submission(request)
        user = request.user if isinstance(request.user, User) else None
        answer = quote(
            allocation=allocation, recipe=data["recipe"], values=data["inputs"], user=user, now=timezone.now()
        )
        return Response(QuoteSerializer(answer).data)


class JobDetail(APIView):
    """One job."""

    @extend_schema(responses=JobDetailSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        """The job with its account and how it stands."""
        return Response(JobDetailSerializer(visible_job(request, public_id)).data)


class JobAttempts(generics.ListAPIView[Attempt]):
    """Attempts of a job, newest first."""

    serializer_class = AttemptSerializer
    queryset = Attempt.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Attempt]:
        """The attempts of a job that the caller may know of."""
        job = visible_job(self.request, self.kwargs["public_id"])
        return job.attempts.select_related("cluster").order_by("-id")


class JobFiles(generics.ListAPIView[JobFile]):
    """Files of a job's output."""

    serializer_class = FileSerializer
    queryset = JobFile.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[JobFile]:
        """The files of a job that the caller may know of."""
        return queries.output_files(visible_job(self.request, self.kwargs["public_id"]))


class JobLog(APIView):
    """What an attempt printed."""

    @extend_schema(
        responses=LogSerializer,
        parameters=[
            OpenApiParameter("attempt", int, description="Number of the attempt; the newest without it."),
            OpenApiParameter("offset", int, description="First byte."),
        ],
    )
    def get(self, request: Request, public_id: str) -> Response:
        """At most 1 MiB from `offset` on; ask again from `next_offset`."""
        job = visible_job(request, public_id)
        number = _whole(request, "attempt", 10_000)
        attempts = job.attempts.order_by("-number")
        attempt = (attempts.filter(number=number) if number is not None else attempts).first()
        if attempt is None:
            raise NotFound
        part = queries.log_from(attempt, _whole(request, "offset", LARGEST_OFFSET) or 0)
        said = {"attempt": attempt.number, "offset": part.offset, "next_offset": part.next_offset, "text": part.text}
        return Response(LogSerializer(said).data)


def _whole(request: Request, name: str, most: int) -> int | None:
    """A query parameter that is a whole number from 0 to `most`."""
    raw = request.query_params.get(name)
    return None if raw is None else serializers.IntegerField(min_value=0, max_value=most).run_validation(raw)


class JobStop(APIView):
    """Stopping."""

    @extend_schema(request=StopInput, responses={202: JobDetailSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Ask the job to checkpoint and end; it is cancelled once nothing of it runs."""
        job = visible_job(request, public_id)
        require_permission(request, "jobs.stop_job", job)
        body = StopInput(data=request.data)
        body.is_valid(raise_exception=True)
        actions.request_stop(job=job, by=acting(request), reason=body.validated_data["reason"])
        return Response(JobDetailSerializer(visible_job(request, public_id)).data, status=status.HTTP_202_ACCEPTED)
