"""Allocations, their sources, and the movements of hours."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.allocations import actions, queries
from compute.allocations.models import Allocation, AllocationSource, HoursLine, HoursTransaction
from compute.allocations.rules import Standing, standing_of
from grants.funding.models import Pledge
from institute.core.api import ReasonInput, idempotent
from institute.people.access import acting, require_permission
from institute.people.models import User


class AllocationSerializer(serializers.ModelSerializer[Allocation]):
    """An allocation."""

    id = serializers.CharField(source="public_id")
    project = serializers.CharField(source="project.public_id")
    request = serializers.CharField(source="request.public_id")

    class Meta:
        model = Allocation
        fields = ("id", "project", "request", "status", "priority", "starts_at", "ends_at", "is_renewable")
        read_only_fields = fields


class BalancesSerializer(serializers.Serializer[Any]):
    """Accelerator-seconds of a source by where they are."""

    awarded = serializers.IntegerField()
    available = serializers.IntegerField()
    deferred = serializers.IntegerField()
    held = serializers.IntegerField()
    spent = serializers.IntegerField()
    lost = serializers.IntegerField()


class StandingSerializer(serializers.Serializer[Any]):
    """One source of an allocation; `usable` is what may be held now, `reason` why it is 0."""

    id = serializers.CharField(source="source.public_id")
    pledge = serializers.CharField(source="source.pledge.public_id")
    pledge_title = serializers.CharField(source="source.pledge.title")
    type = serializers.CharField(source="source.pledge.supply.type.slug")
    ends_at = serializers.DateTimeField(source="source.ends_at")
    locked_reason = serializers.CharField(source="source.locked_reason")
    balances = BalancesSerializer()
    usable = serializers.IntegerField(source="usable.seconds")
    reason = serializers.CharField(source="usable.reason", allow_null=True)
    failing_clauses = serializers.SerializerMethodField()

    def get_failing_clauses(self, row: Standing) -> list[str]:
        """The clauses that the project does not meet."""
        return [str(failing) for failing in row.failing]


class AllocationDetailSerializer(AllocationSerializer):
    """An allocation with its sources in draw order."""

    sources = serializers.SerializerMethodField()

    class Meta:
        model = Allocation
        fields = (*AllocationSerializer.Meta.fields, "sources")
        read_only_fields = fields

    @extend_schema(responses=StandingSerializer(many=True))
    def get_sources(self, allocation: Allocation) -> Any:
        """What each pledge gives and what may be used of it now."""
        return StandingSerializer(standing_of(allocation, timezone.now()), many=True).data


class LineSerializer(serializers.ModelSerializer[HoursLine]):
    """One account's part of a movement."""

    account = serializers.CharField(source="account.kind")
    source = serializers.CharField(  # type: ignore[assignment]  # a name that Field has too
        source="account.source.public_id", default=None
    )

    class Meta:
        model = HoursLine
        fields = ("account", "source", "quantity")
        read_only_fields = fields


class TransactionSerializer(serializers.ModelSerializer[HoursTransaction]):
    """One movement of hours within a pledge."""

    id = serializers.CharField(source="public_id")
    pledge = serializers.CharField(source="pledge.public_id")
    lines = LineSerializer(many=True)

    class Meta:
        model = HoursTransaction
        fields = ("id", "kind", "pledge", "subject", "attempt", "happened_at", "posted_at", "by", "reason", "lines")
        read_only_fields = fields


class LockInput(serializers.Serializer[Any]):
    """Why a source is taken out of the draw; empty puts it back."""

    reason = serializers.CharField(max_length=300, allow_blank=True)


def visible_allocations(request: Request) -> QuerySet[Allocation]:
    """The allocations that the caller may know of."""
    if not isinstance(request.user, User):
        return Allocation.objects.none()
    return queries.allocations_visible_to(request.user, timezone.now()).select_related("request")


class AllocationList(generics.ListAPIView[Allocation]):
    """Allocations, newest first."""

    serializer_class = AllocationSerializer
    filterset_fields = ("status",)

    def get_queryset(self) -> QuerySet[Allocation]:
        """Staff see all, members those of their projects, donors' contacts those their pledges feed."""
        return visible_allocations(self.request)


class AllocationDetail(generics.RetrieveAPIView[Allocation]):
    """One allocation with its sources."""

    serializer_class = AllocationDetailSerializer
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Allocation]:
        """What the caller may know of."""
        return visible_allocations(self.request)


class AllocationVerb(APIView):
    """A decision about an allocation: freeze, unfreeze or close."""

    verb = ""

    @extend_schema(request=ReasonInput, responses={200: AllocationSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Decide, with a `reason`."""
        allocation = get_object_or_404(visible_allocations(request), public_id=public_id)
        require_permission(request, "allocations.freeze_allocation", allocation)
        given = ReasonInput(data=request.data)
        given.is_valid(raise_exception=True)
        VERBS[self.verb](allocation=allocation, by=acting(request._request), **given.validated_data)
        return Response(AllocationSerializer(allocation).data)


VERBS: dict[str, Any] = {
    "freeze": actions.freeze_allocation,
    "unfreeze": actions.unfreeze_allocation,
    "close": actions.close_allocation,
}


class SourceLock(APIView):
    """The lock of one source."""

    @extend_schema(request=LockInput, responses={200: AllocationDetailSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take a source out of the draw, or put it back with an empty reason."""
        sources = AllocationSource.objects.filter(allocation__in=visible_allocations(request).order_by())
        source = get_object_or_404(sources, public_id=public_id)
        require_permission(request, "allocations.freeze_allocation", source.allocation)
        given = LockInput(data=request.data)
        given.is_valid(raise_exception=True)
        actions.lock_source(source=source, by=acting(request._request), **given.validated_data)
        return Response(AllocationDetailSerializer(source.allocation).data)


class TransactionList(generics.ListAPIView[HoursTransaction]):
    """Movements of hours, newest first, of one pledge (`?pledge=`) or all; for staff."""

    serializer_class = TransactionSerializer
    filterset_fields = ("kind", "subject", "attempt")

    def get_queryset(self) -> QuerySet[HoursTransaction]:
        """With their lines."""
        require_permission(self.request, "allocations.view_hours")
        rows = HoursTransaction.objects.select_related("pledge").prefetch_related("lines__account__source")
        if wanted := self.request.query_params.get("pledge"):
            rows = rows.filter(pledge=get_object_or_404(Pledge, public_id=wanted))
        return rows.order_by("-id")
