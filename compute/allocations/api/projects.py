"""Projects and their people."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.allocations import actions, queries
from compute.allocations.enums import DataClass, MemberRole, Purpose
from compute.allocations.models import Membership, Project
from institute.core.api import ReasonInput, idempotent
from institute.people.access import acting, require_permission
from institute.people.models import User


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """A project."""

    id = serializers.CharField(source="public_id")
    # The model's own column is called `fields`, which a serializer keeps for itself.
    fields_of_research = serializers.ListField(source="fields", child=serializers.CharField())

    class Meta:
        model = Project
        fields = (
            "id",
            "handle",
            "title",
            "summary",
            "fields_of_research",
            "purpose",
            "data_class",
            "status",
            "created_at",
        )
        read_only_fields = fields


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """A person's part in a project."""

    id = serializers.CharField(source="public_id")
    user = serializers.CharField(source="user.public_id")
    name = serializers.CharField(source="user.name")

    class Meta:
        model = Membership
        fields = ("id", "user", "name", "role", "starts_at", "ends_at")
        read_only_fields = fields


class ProjectChange(serializers.Serializer[Any]):
    """What a project says of itself."""

    title = serializers.CharField(max_length=200)
    summary = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    fields_of_research = serializers.ListField(
        child=serializers.CharField(max_length=48), max_length=20, required=False
    )
    purpose = serializers.ChoiceField(choices=Purpose.choices, required=False)
    data_class = serializers.ChoiceField(choices=DataClass.choices, required=False)

    @property
    def changes(self) -> dict[str, Any]:
        """The valid body as an action takes it."""
        data = dict(self.validated_data)
        if "fields_of_research" in data:
            data["fields"] = tuple(word.lower() for word in data.pop("fields_of_research"))
        enums = {"purpose": Purpose, "data_class": DataClass}
        return data | {name: enum(data[name]) for name, enum in enums.items() if name in data}


class ProjectInput(ProjectChange):
    """A project as it is entered; `lead` is a person's e-mail address."""

    handle = serializers.CharField(max_length=96)
    lead = serializers.SlugRelatedField(slug_field="email", queryset=User.objects.filter(is_active=True))


class MemberInput(serializers.Serializer[Any]):
    """One more person, by e-mail address."""

    email = serializers.SlugRelatedField(slug_field="email", queryset=User.objects.filter(is_active=True))
    role = serializers.ChoiceField(choices=MemberRole.choices, default=MemberRole.MEMBER)


def visible_projects(request: Request) -> QuerySet[Project]:
    """The projects that the caller may know of."""
    if not isinstance(request.user, User):
        return Project.objects.none()
    return queries.projects_visible_to(request.user, timezone.now())


def visible_project(request: Request, public_id: str) -> Project:
    """404 for what the caller may not know of."""
    return get_object_or_404(visible_projects(request), public_id=public_id)


class ProjectList(generics.ListAPIView[Project]):
    """Projects, newest first: staff see all, others their own. Operations enter new ones."""

    serializer_class = ProjectSerializer
    filterset_fields = ("status", "handle")

    def get_queryset(self) -> QuerySet[Project]:
        """What the caller may know of."""
        return visible_projects(self.request)

    @extend_schema(request=ProjectInput, responses={201: ProjectSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Enter a project with its first lead; it is active at once."""
        require_permission(request, "allocations.create_project")
        given = ProjectInput(data=request.data)
        given.is_valid(raise_exception=True)
        values = {name: value for name, value in given.changes.items() if name != "lead"}
        project = actions.create_project(
            draft=actions.ProjectDraft(**values), lead=given.validated_data["lead"], by=acting(request._request)
        )
        return Response(ProjectSerializer(project).data, status=status.HTTP_201_CREATED)


class ProjectDetail(generics.RetrieveAPIView[Project]):
    """One project."""

    serializer_class = ProjectSerializer
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Project]:
        """What the caller may know of."""
        return visible_projects(self.request)

    @extend_schema(request=ProjectChange(partial=True), responses={200: ProjectSerializer})
    def patch(self, request: Request, public_id: str) -> Response:
        """Change what a project says of itself; the handle stays."""
        project = visible_project(request, public_id)
        require_permission(request, "allocations.edit_project", project)
        given = ProjectChange(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        project = actions.change_project(project=project, changes=given.changes, by=acting(request._request))
        return Response(ProjectSerializer(project).data)


class ProjectArchive(APIView):
    """The end of a project."""

    @extend_schema(request=ReasonInput, responses={200: ProjectSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Archive it; no allocation may be open."""
        project = visible_project(request, public_id)
        require_permission(request, "allocations.create_project")
        given = ReasonInput(data=request.data)
        given.is_valid(raise_exception=True)
        project = actions.archive_project(project=project, **given.validated_data, by=acting(request._request))
        return Response(ProjectSerializer(project).data)


class MemberList(generics.ListAPIView[Membership]):
    """Who works on a project."""

    serializer_class = MembershipSerializer

    def get_queryset(self) -> QuerySet[Membership]:
        """Open memberships."""
        project = visible_project(self.request, self.kwargs["public_id"])
        return queries.members_of(project, timezone.now())

    @extend_schema(request=MemberInput, responses={201: MembershipSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Let a person work on it."""
        project = visible_project(request, public_id)
        require_permission(request, "allocations.manage_members", project)
        given = MemberInput(data=request.data)
        given.is_valid(raise_exception=True)
        user, role = given.validated_data["email"], MemberRole(given.validated_data["role"])
        membership = actions.add_member(project=project, user=user, role=role, by=acting(request._request))
        return Response(MembershipSerializer(membership).data, status=status.HTTP_201_CREATED)


class MemberEnd(APIView):
    """The end of a membership."""

    @extend_schema(request=None, responses={200: MembershipSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """End it from now on."""
        visible = visible_projects(request).order_by()
        memberships = Membership.objects.select_related("project", "user").filter(project__in=visible)
        membership = get_object_or_404(memberships, public_id=public_id)
        require_permission(request, "allocations.manage_members", membership.project)
        membership = actions.end_membership(membership=membership, by=acting(request._request))
        return Response(MembershipSerializer(membership).data)
