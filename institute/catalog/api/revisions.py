"""Revisions on their way to the public."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.jobs.models import Job
from institute.catalog import actions, rules
from institute.catalog.api.artifacts import artifact_or_404
from institute.catalog.api.serializers import (
    CheckSerializer,
    ResultSerializer,
    RevisionChange,
    RevisionInput,
    RevisionSerializer,
)
from institute.catalog.finding import revision_or_404
from institute.catalog.models import Revision
from institute.catalog.queries import visibility
from institute.catalog.queries.chain import as_json, provenance
from institute.core.api import ReasonInput, idempotent
from institute.people.access import acting, require_permission

# verb → (permission, action, what it needs said)
VERBS: dict[str, tuple[str, Callable[..., Revision], type[ReasonInput] | None]] = {
    "adopt": ("catalog.draft_revision", actions.adopt_candidate, None),
    "acknowledge": ("catalog.draft_revision", actions.acknowledge_in_card, None),
    "propose": ("catalog.propose_revision", actions.propose_revision, None),
    "approve": ("catalog.review_revision", actions.approve_revision, None),
    "return": ("catalog.review_revision", actions.return_revision, ReasonInput),
    "withdraw": ("catalog.withdraw_revision", actions.withdraw_revision, ReasonInput),
    "drop": ("catalog.draft_revision", actions.drop_revision, ReasonInput),
}


def found(request: Request, public_id: str, permission: str = "") -> Revision:
    """The revision with this id as far as the caller may know of it; with `permission`, 403 without that."""
    revision = revision_or_404(request._request, public_id)
    if permission:
        require_permission(request, permission, revision)
    return revision


class RevisionList(generics.ListAPIView[Revision]):
    """Revisions that the caller may see, newest first."""

    is_public = True
    serializer_class = RevisionSerializer
    filterset_fields: ClassVar = {"status": ["exact"], "artifact__public_id": ["exact"], "job__public_id": ["exact"]}

    def get_queryset(self) -> QuerySet[Revision]:
        """Public ones for everybody, others for members and reviewers."""
        seen = visibility.revisions_visible_to(self.request.user, timezone.now())
        return seen.select_related("artifact__namespace", "commit", "job")

    @extend_schema(request=RevisionInput, responses={201: RevisionSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Draft a revision of a job's output, or of what is on an artefact's main branch."""
        given = RevisionInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        revision = self._from_job(request, data) if "job" in data else self._from_branch(request, data)
        return Response(RevisionSerializer(revision).data, status=status.HTTP_201_CREATED)

    def _from_job(self, request: Request, data: dict[str, Any]) -> Revision:
        job = Job.objects.select_related("project", "allocation").filter(public_id=data["job"]).first()
        if job is None or not request.user.has_perm("jobs.view_job", job):
            raise Http404
        require_permission(request, "catalog.draft_revision", job)
        artifact = artifact_or_404(request, data["artifact"], "catalog.draft_revision") if "artifact" in data else None
        return actions.draft_revision_from_job(
            job=job, artifact=artifact, name=data["name"], by=acting(request._request)
        )

    def _from_branch(self, request: Request, data: dict[str, Any]) -> Revision:
        artifact = artifact_or_404(request, data["artifact"], "catalog.draft_revision")
        return actions.draft_revision(
            artifact=artifact, label=data["label"], licence=data["licence"], by=acting(request._request)
        )


class RevisionDetail(APIView):
    """One revision."""

    is_public = True

    @extend_schema(responses=RevisionSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        """As the caller may see it."""
        return Response(RevisionSerializer(found(request, public_id)).data)

    @extend_schema(request=RevisionChange, responses=RevisionSerializer)
    def patch(self, request: Request, public_id: str) -> Response:
        """Change a draft's label, licence, notes or card."""
        revision, by = found(request, public_id, "catalog.draft_revision"), acting(request._request)
        given = RevisionChange(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        with transaction.atomic():
            if (card := data.pop("card", None)) is not None:
                revision = actions.edit_card(revision=revision, text=card, by=by)
            if data:
                kept = {name: getattr(revision, name) for name in ("label", "licence", "notes")}
                revision = actions.describe_revision(revision=revision, by=by, **(kept | data))
        return Response(RevisionSerializer(revision).data)


class RevisionChecks(APIView):
    """What stands between a revision and the public."""

    is_public = True

    @extend_schema(responses=CheckSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """Every condition, met or not."""
        return Response(CheckSerializer(rules.checks_of(found(request, public_id)), many=True).data)


class RevisionResults(APIView):
    """What was measured."""

    is_public = True

    @extend_schema(responses=ResultSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        """Every measurement."""
        return Response(ResultSerializer(found(request, public_id).results.order_by("id"), many=True).data)


class RevisionProvenance(APIView):
    """The chain behind a revision."""

    is_public = True

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, public_id: str) -> Response:
        """From the files back to the donors."""
        return Response(as_json(provenance(found(request, public_id))))


class RevisionVerb(APIView):
    """One step of a revision."""

    verb = ""

    @extend_schema(responses=RevisionSerializer)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take the step; some need a reason."""
        permission, action, takes = VERBS[self.verb]
        revision = found(request, public_id, permission)
        return Response(RevisionSerializer(action(revision=revision, **said(request, takes))).data)


def said(request: Request, takes: type[ReasonInput] | None) -> dict[str, Any]:
    """Who acts and, where the step needs it, why."""
    given: dict[str, Any] = {"by": acting(request._request)}
    if takes is not None:
        body = takes(data=request.data)
        body.is_valid(raise_exception=True)
        given |= body.validated_data
    return given
