"""Papers."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.allocations.models import Project
from institute.catalog import actions
from institute.catalog.api.revisions import said
from institute.catalog.api.serializers import PublicationInput, PublicationSerializer
from institute.catalog.enums import PublicationKind, PublicationRelation
from institute.catalog.models import Artifact, Publication
from institute.catalog.queries import publications, visibility
from institute.core.api import ReasonInput, idempotent
from institute.core.errors import Refused
from institute.people.access import acting, require_permission

# verb → (permission, action, what it needs said)
VERBS: dict[str, tuple[str, Callable[..., Publication], type[ReasonInput] | None]] = {
    "propose": ("catalog.propose_publication", actions.propose_publication, None),
    "approve": ("catalog.review_publication", actions.approve_publication, None),
    "return": ("catalog.review_publication", actions.return_publication, ReasonInput),
    "retract": ("catalog.retract_publication", actions.retract_publication, ReasonInput),
}


def seen_by(user: object) -> QuerySet[Publication]:
    """The papers that a caller may see, with their authors."""
    return publications.with_credits(visibility.publications_visible_to(user, timezone.now()).select_related("project"))


def found(request: Request, public_id: str, permission: str = "") -> Publication:
    """The paper with this id as far as the caller may know of it; with `permission`, 403 without that."""
    paper = seen_by(request.user).filter(public_id=public_id).first()
    if paper is None:
        raise Http404
    if permission:
        require_permission(request, permission, paper)
    return paper


def read_draft(request: Request) -> tuple[actions.PublicationDraft, str]:
    """The body as an action takes it, and the project's id."""
    given = PublicationInput(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    plain = {name: value for name, value in data.items() if name not in PublicationInput.NOT_OF_THE_DRAFT}
    draft = actions.PublicationDraft(
        kind=PublicationKind(data["kind"]),
        credits=[actions.CreditDraft(**credit) for credit in data["authors"]],
        links=[_link(request, link) for link in data["links"]],
        **plain,
    )
    return draft, data.get("project", "")


def _link(request: Request, row: dict[str, Any]) -> actions.LinkDraft:
    visible = visibility.artifacts_visible_to(request.user, timezone.now())
    artifact: Artifact | None = visible.filter(public_id=row["artifact"]).first()
    wanted = row.get("revision")
    revision = artifact.revisions.filter(public_id=wanted).first() if artifact and wanted else None
    if artifact is None or (wanted and revision is None):
        raise Refused("A link names nothing that you may see.", field="links", rule="link-unknown")
    return actions.LinkDraft(artifact, PublicationRelation(row["relation"]), revision)


class PublicationList(generics.ListAPIView[Publication]):
    """Papers that the caller may see, newest first."""

    is_public = True
    serializer_class = PublicationSerializer
    filterset_fields: ClassVar = ["kind", "status"]

    def get_queryset(self) -> QuerySet[Publication]:
        """Published ones for everybody, others for members and reviewers."""
        return seen_by(self.request.user)

    @extend_schema(request=PublicationInput, responses={201: PublicationSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Write a paper down for a project."""
        draft, project_id = read_draft(request)
        project = Project.objects.filter(public_id=project_id).first()
        if project is None or not request.user.has_perm("allocations.view_project", project):
            raise Refused("There is no such project that you may see.", field="project", rule="project-unknown")
        require_permission(request, "catalog.edit_publication", project)
        paper = actions.create_publication(project=project, draft=draft, by=acting(request._request))
        return Response(PublicationSerializer(found(request, paper.public_id)).data, status=status.HTTP_201_CREATED)


class PublicationDetail(APIView):
    """One paper."""

    is_public = True

    @extend_schema(responses=PublicationSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        """As the caller may see it."""
        return Response(PublicationSerializer(found(request, public_id)).data)

    @extend_schema(request=PublicationInput, responses=PublicationSerializer)
    def put(self, request: Request, public_id: str) -> Response:
        """Write a draft anew."""
        paper = found(request, public_id, "catalog.edit_publication")
        draft, _project = read_draft(request)
        actions.edit_publication(publication=paper, draft=draft, by=acting(request._request))
        return Response(PublicationSerializer(found(request, public_id)).data)


class PublicationVerb(APIView):
    """One step of a paper."""

    verb = ""

    @extend_schema(responses=PublicationSerializer)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take the step; some need a reason."""
        permission, action, takes = VERBS[self.verb]
        paper = action(publication=found(request, public_id, permission), **said(request, takes))
        # Who took the step may not see the paper afterwards: a reviewer who gave it back.
        moved = publications.with_credits(Publication.objects.filter(pk=paper.pk).select_related("project")).get()
        return Response(PublicationSerializer(moved).data)
