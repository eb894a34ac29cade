"""Requests for hours and the decisions on them."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.allocations import actions, queries
from compute.allocations.api.allocations import AllocationSerializer
from compute.allocations.api.projects import visible_projects
from compute.allocations.enums import RequestKind
from compute.allocations.models import Request, RequestLine
from compute.capacity.models import AcceleratorType
from grants.funding.models import Pledge
from institute.core.api import ReasonInput, idempotent
from institute.core.errors import Refused
from institute.people.access import acting, require_permission
from institute.people.models import User

LARGEST = 10**15


class LineSerializer(serializers.ModelSerializer[RequestLine]):
    """One type with the calculation behind its amount."""

    id = serializers.CharField(source="public_id")
    type = serializers.CharField(source="type.slug")

    class Meta:
        model = RequestLine
        fields = (
            "id",
            "position",
            "type",
            "runs",
            "accelerators",
            "hours",
            "starts_at",
            "ends_at",
            "is_interruptible",
            "amount_requested",
            "amount_awarded",
        )
        read_only_fields = fields


class RequestSerializer(serializers.ModelSerializer[Request]):
    """A request with the lines of its present revision."""

    id = serializers.CharField(source="public_id")
    project = serializers.CharField(source="project.public_id")
    lines = LineSerializer(many=True, source="lines_loaded")  # queries.with_lines

    class Meta:
        model = Request
        fields = (
            "id",
            "project",
            "kind",
            "revision",
            "justification",
            "output_licence",
            "accepts_publishing",
            "status",
            "submitted_at",
            "decided_at",
            "lines",
        )
        read_only_fields = fields


class LineInput(serializers.Serializer[Any]):
    """A line as it is written; the amount is runs × accelerators × hours."""

    type = serializers.SlugRelatedField(slug_field="slug", queryset=AcceleratorType.objects.all())
    alternatives = serializers.SlugRelatedField(
        slug_field="slug", queryset=AcceleratorType.objects.all(), many=True, default=list
    )
    runs = serializers.IntegerField(min_value=1, max_value=100_000)
    accelerators = serializers.IntegerField(min_value=1, max_value=1_000_000)
    hours = serializers.DecimalField(max_digits=8, decimal_places=2, min_value=Decimal("0.01"))
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    is_interruptible = serializers.BooleanField(default=False)


class RequestChange(serializers.Serializer[Any]):
    """What a request says."""

    kind = serializers.ChoiceField(choices=RequestKind.choices, default=RequestKind.NEW)
    justification = serializers.CharField(max_length=10_000)
    output_licence = serializers.CharField(max_length=64, default="", allow_blank=True)
    accepts_publishing = serializers.BooleanField(default=False)
    lines = LineInput(many=True, allow_empty=False)

    @property
    def draft(self) -> actions.RequestDraft:
        """The valid body as an action takes it."""
        data = {name: value for name, value in self.validated_data.items() if name != "project"}
        lines = [actions.LineDraft(**line) for line in data.pop("lines")]
        return actions.RequestDraft(**data | {"kind": RequestKind(data["kind"]), "lines": lines})


class RequestInput(RequestChange):
    """A request as it is written; `project` is a project's id."""

    project = serializers.CharField(max_length=26)


class SourceInput(serializers.Serializer[Any]):
    """What one pledge gives to one line, in accelerator-seconds."""

    line = serializers.CharField(max_length=26)
    pledge = serializers.SlugRelatedField(
        slug_field="public_id", queryset=Pledge.objects.select_related("donor", "supply__type")
    )
    amount = serializers.IntegerField(min_value=1, max_value=LARGEST)
    draw_rank = serializers.IntegerField(min_value=0, max_value=1000, default=None, allow_null=True)


class AwardInput(serializers.Serializer[Any]):
    """Who gives how much, and for how long."""

    sources = SourceInput(many=True, allow_empty=False)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    priority = serializers.IntegerField(min_value=0, max_value=100, default=50)

    def award(self, request: Request) -> actions.AwardDraft:
        """The valid body as an action takes it; Refused for a line of another request."""
        data = dict(self.validated_data)
        lines = {line.public_id: line for line in request.current_lines}
        sources = []
        for source in data.pop("sources"):
            if source["line"] not in lines:
                raise Refused("The line is not one of this request's.", field="sources", rule="award-line")
            sources.append(actions.SourceDraft(**source | {"line": lines[source["line"]]}))
        return actions.AwardDraft(sources=sources, **data)


def visible_requests(http: HttpRequest) -> QuerySet[Request]:
    """The requests that the caller may know of, with their lines."""
    if not isinstance(http.user, User):
        return Request.objects.none()
    return queries.with_lines(queries.requests_visible_to(http.user, timezone.now()))


def visible_request(http: HttpRequest, public_id: str) -> Request:
    """404 for what the caller may not know of."""
    return get_object_or_404(visible_requests(http), public_id=public_id)


def answer(request: Request, code: int = status.HTTP_200_OK) -> Response:
    """The request as it is stored now."""
    stored = queries.with_lines(Request.objects.select_related("project")).get(pk=request.pk)
    return Response(RequestSerializer(stored).data, status=code)


class RequestList(generics.ListAPIView[Request]):
    """Requests, newest first: staff see those that were submitted, others those of their projects."""

    serializer_class = RequestSerializer
    filterset_fields = ("status", "kind")

    def get_queryset(self) -> QuerySet[Request]:
        """What the caller may know of."""
        return visible_requests(self.request)

    @extend_schema(request=RequestInput, responses={201: RequestSerializer})
    @idempotent
    def post(self, request: HttpRequest) -> Response:
        """Write a draft that only the project sees."""
        given = RequestInput(data=request.data)
        given.is_valid(raise_exception=True)
        project = get_object_or_404(visible_projects(request), public_id=given.validated_data["project"])
        require_permission(request, "allocations.submit_request", project)
        drafted = actions.draft_request(project=project, draft=given.draft, by=acting(request._request))
        return answer(drafted, status.HTTP_201_CREATED)


class RequestDetail(generics.RetrieveAPIView[Request]):
    """One request."""

    serializer_class = RequestSerializer
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Request]:
        """What the caller may know of."""
        return visible_requests(self.request)

    @extend_schema(request=RequestChange, responses={200: RequestSerializer})
    def put(self, request: HttpRequest, public_id: str) -> Response:
        """Replace what a draft or a returned request says."""
        asked = visible_request(request, public_id)
        require_permission(request, "allocations.submit_request", asked)
        given = RequestChange(data=request.data)
        given.is_valid(raise_exception=True)
        return answer(actions.change_request(request=asked, draft=given.draft, by=acting(request._request)))


class RequestVerb(APIView):
    """A step of a request: submit, withdraw, decline, return."""

    verb = ""

    @extend_schema(responses={200: RequestSerializer})
    @idempotent
    def post(self, request: HttpRequest, public_id: str) -> Response:
        """Take the step; decline and return need a `reason`."""
        asked = visible_request(request, public_id)
        permission, act, form = VERBS[self.verb]
        require_permission(request, permission, asked)
        values: dict[str, str] = {}
        if form is not None:
            given = form(data=request.data)
            given.is_valid(raise_exception=True)
            values = given.validated_data
        return answer(act(request=asked, by=acting(request._request), **values))


VERBS: dict[str, tuple[str, Any, type[ReasonInput] | None]] = {
    "submit": ("allocations.submit_request", actions.submit_request, None),
    "withdraw": ("allocations.submit_request", actions.withdraw_request, None),
    "decline": ("allocations.decide_request", actions.decline_request, ReasonInput),
    "return": ("allocations.decide_request", actions.return_request, ReasonInput),
}


class RequestApprove(APIView):
    """The award of hours."""

    @extend_schema(request=AwardInput, responses={201: AllocationSerializer})
    @idempotent
    def post(self, request: HttpRequest, public_id: str) -> Response:
        """Grant it: all of it is written, or nothing."""
        asked = visible_request(request, public_id)
        require_permission(request, "allocations.decide_request", asked)
        given = AwardInput(data=request.data)
        given.is_valid(raise_exception=True)
        award = given.award(asked)
        allocation = actions.approve_request(request=asked, award=award, by=acting(request._request))
        return Response(AllocationSerializer(allocation).data, status=status.HTTP_201_CREATED)
