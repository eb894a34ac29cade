"""API of compute.capacity."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compute.capacity import actions, queries
from compute.capacity.enums import (
    AcceleratorKind,
    Backend,
    ClusterStatus,
    NameCounts,
    ProviderKind,
    ProviderStatus,
)
from compute.capacity.models import AcceleratorType, Cluster, Provider, Supply
from compute.capacity.models.accelerator_type import SLUG_FORM
from grants.donors.queries import active_donors
from grants.funding.models import Pledge
from institute.core.api import ReasonInput, idempotent
from institute.people.access import acting, require_permission

SLUG = rf"^{SLUG_FORM}\Z"


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    """A place that gives hours."""

    id = serializers.CharField(source="public_id")
    donor = serializers.CharField(source="donor.public_id", default=None)

    class Meta:
        model = Provider
        fields = ("id", "name", "kind", "status", "donor")
        read_only_fields = fields


class TypeSerializer(serializers.ModelSerializer[AcceleratorType]):
    """What hours are counted in."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = AcceleratorType
        fields = (
            "id",
            "slug",
            "name",
            "vendor",
            "kind",
            "memory_gib",
            "chips_per_device",
            "cores_per_chip",
            "name_counts",
            "quota_unit",
            "unit_label",
            "peak_flops",
            "watts",
            "source",
        )
        read_only_fields = fields


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    """Machines of one type."""

    id = serializers.CharField(source="public_id")
    provider = serializers.CharField(source="provider.public_id")
    type = serializers.CharField(source="type.slug")

    class Meta:
        model = Cluster
        fields = (
            "id",
            "provider",
            "name",
            "slug",
            "backend",
            "type",
            "accelerators",
            "region",
            "g_co2e_per_kwh",
            "g_co2e_source",
            "status",
        )
        read_only_fields = fields


class SupplySerializer(serializers.ModelSerializer[Supply]):
    """Where a pledge's hours run."""

    id = serializers.CharField(source="public_id")
    pledge = serializers.CharField(source="pledge.public_id")
    provider = serializers.CharField(source="provider.public_id")
    type = serializers.CharField(source="type.slug")
    clusters: serializers.ManyRelatedField = serializers.SlugRelatedField(  # type: ignore[assignment]  # many=True
        slug_field="public_id", many=True, read_only=True
    )

    class Meta:
        model = Supply
        fields = ("id", "pledge", "provider", "type", "service_class", "regions", "clusters")
        read_only_fields = fields


class ProviderInput(serializers.Serializer[Any]):
    """A provider as it is entered."""

    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=ProviderKind.choices)
    donor = serializers.SlugRelatedField(slug_field="public_id", queryset=active_donors(), default=None)


class TypeInput(serializers.Serializer[Any]):
    """An accelerator type as it is entered; figures come with their source."""

    slug = serializers.RegexField(SLUG, max_length=48)
    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=AcceleratorKind.choices)
    vendor = serializers.CharField(max_length=80, default="", allow_blank=True)
    memory_gib = serializers.IntegerField(min_value=0, max_value=100_000, default=0)
    chips_per_device = serializers.IntegerField(min_value=1, max_value=1000, default=1)
    cores_per_chip = serializers.IntegerField(min_value=1, max_value=1000, default=1)
    name_counts = serializers.ChoiceField(choices=NameCounts.choices, default=NameCounts.CHIP)
    quota_unit = serializers.CharField(max_length=16, default="chip")
    unit_label = serializers.CharField(max_length=16, default="", allow_blank=True)
    peak_flops = serializers.IntegerField(min_value=1, max_value=10**18, default=None, allow_null=True)
    watts = serializers.IntegerField(min_value=1, max_value=100_000, default=None, allow_null=True)
    source = serializers.CharField(  # type: ignore[assignment]  # a name that Field has too
        max_length=200, default="", allow_blank=True
    )

    @property
    def draft(self) -> actions.TypeDraft:
        """The valid body as an action takes it."""
        data = self.validated_data
        kinds = {"kind": AcceleratorKind(data["kind"]), "name_counts": NameCounts(data["name_counts"])}
        return actions.TypeDraft(**data | kinds)


class ClusterInput(serializers.Serializer[Any]):
    """A cluster as it is entered; `type` is a slug."""

    provider = serializers.SlugRelatedField(slug_field="public_id", queryset=Provider.objects.all())
    type = serializers.SlugRelatedField(slug_field="slug", queryset=AcceleratorType.objects.all())
    name = serializers.CharField(max_length=120)
    slug = serializers.RegexField(SLUG, max_length=48)
    backend = serializers.ChoiceField(choices=Backend.choices, default=Backend.LOCAL)
    accelerators = serializers.IntegerField(min_value=1, max_value=1_000_000)
    region = serializers.CharField(max_length=48, default="", allow_blank=True)
    g_co2e_per_kwh = serializers.IntegerField(min_value=0, max_value=5000, default=None, allow_null=True)
    g_co2e_source = serializers.CharField(max_length=200, default="", allow_blank=True)

    @property
    def draft(self) -> actions.ClusterDraft:
        """The valid body as an action takes it."""
        data = {name: value for name, value in self.validated_data.items() if name not in {"provider", "type"}}
        return actions.ClusterDraft(**data | {"backend": Backend(data["backend"])})


class SupplyInput(serializers.Serializer[Any]):
    """A supply as it is entered; type and service class are those of the pledge's terms."""

    pledge = serializers.SlugRelatedField(slug_field="public_id", queryset=Pledge.objects.all())
    provider = serializers.SlugRelatedField(slug_field="public_id", queryset=Provider.objects.all())
    clusters = serializers.SlugRelatedField(
        slug_field="public_id", queryset=Cluster.objects.all(), many=True, allow_empty=False
    )


class ClusterStatusInput(ReasonInput):
    """A step of a cluster's status, with its reason."""

    status = serializers.ChoiceField(choices=ClusterStatus.choices)


class ProviderStatusInput(ReasonInput):
    """A step of a provider's status, with its reason."""

    status = serializers.ChoiceField(choices=ProviderStatus.choices)


def valid(serializer: type[serializers.Serializer[Any]], request: Request) -> Any:
    """The request's body, checked."""
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return given


class ProviderList(generics.ListAPIView[Provider]):
    """Providers, newest first."""

    serializer_class = ProviderSerializer
    filterset_fields = ("status", "kind")

    def get_queryset(self) -> QuerySet[Provider]:
        """All of them, for staff."""
        require_permission(self.request, "capacity.view_cluster")
        return queries.providers()

    @extend_schema(request=ProviderInput, responses={201: ProviderSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Enter a place that gives hours."""
        require_permission(request, "capacity.edit_cluster")
        data = valid(ProviderInput, request).validated_data
        values = data | {"kind": ProviderKind(data["kind"])}
        provider = actions.create_provider(**values, by=acting(request._request))
        return Response(ProviderSerializer(provider).data, status=status.HTTP_201_CREATED)


class ProviderStatusView(APIView):
    """A provider's status."""

    @extend_schema(request=ProviderStatusInput, responses={200: ProviderSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Pause, resume or end a provider."""
        require_permission(request, "capacity.edit_cluster")
        provider = get_object_or_404(Provider, public_id=public_id)
        data = valid(ProviderStatusInput, request).validated_data
        to = ProviderStatus(data["status"])
        by = acting(request._request)
        actions.set_provider_status(provider=provider, status=to, reason=data["reason"], by=by)
        return Response(ProviderSerializer(provider).data)


class TypeList(generics.ListAPIView[AcceleratorType]):
    """Accelerator types, newest first: everybody who signed in may know them."""

    serializer_class = TypeSerializer
    queryset = AcceleratorType.objects.order_by("-id")

    @extend_schema(request=TypeInput, responses={201: TypeSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Enter a type that hours are counted in."""
        require_permission(request, "capacity.edit_cluster")
        draft = valid(TypeInput, request).draft
        accelerator = actions.create_accelerator_type(draft=draft, by=acting(request._request))
        return Response(TypeSerializer(accelerator).data, status=status.HTTP_201_CREATED)


class ClusterList(generics.ListAPIView[Cluster]):
    """Clusters, newest first."""

    serializer_class = ClusterSerializer
    filterset_fields = ("status",)

    def get_queryset(self) -> QuerySet[Cluster]:
        """All of them, for staff."""
        require_permission(self.request, "capacity.view_cluster")
        return queries.clusters()

    @extend_schema(request=ClusterInput, responses={201: ClusterSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Enter a cluster; it is up at once."""
        require_permission(request, "capacity.edit_cluster")
        given = valid(ClusterInput, request)
        provider, accelerator = given.validated_data["provider"], given.validated_data["type"]
        cluster = actions.create_cluster(
            provider=provider, accelerator=accelerator, draft=given.draft, by=acting(request._request)
        )
        return Response(ClusterSerializer(cluster).data, status=status.HTTP_201_CREATED)


class ClusterStatusView(APIView):
    """A cluster's status."""

    @extend_schema(request=ClusterStatusInput, responses={200: ClusterSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Bring a cluster up, drain it, take it down or say that it is gone."""
        require_permission(request, "capacity.edit_cluster")
        cluster = get_object_or_404(queries.clusters(), public_id=public_id)
        data = valid(ClusterStatusInput, request).validated_data
        to = ClusterStatus(data["status"])
        actions.set_cluster_status(cluster=cluster, status=to, reason=data["reason"], by=acting(request._request))
        return Response(ClusterSerializer(cluster).data)


class SupplyList(generics.ListAPIView[Supply]):
    """Supplies, newest first."""

    serializer_class = SupplySerializer

    def get_queryset(self) -> QuerySet[Supply]:
        """All of them, for staff."""
        require_permission(self.request, "capacity.view_cluster")
        return queries.supplies().prefetch_related("clusters")

    @extend_schema(request=SupplyInput, responses={201: SupplySerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Say where a pledge's hours run."""
        require_permission(request, "capacity.edit_cluster")
        data = valid(SupplyInput, request).validated_data
        supply = actions.create_supply(**data, by=acting(request._request))
        return Response(SupplySerializer(supply).data, status=status.HTTP_201_CREATED)


api_urlpatterns = [
    path("providers", ProviderList.as_view(), name="provider-list"),
    path("providers/<str:public_id>/status", ProviderStatusView.as_view(), name="provider-status"),
    path("accelerator-types", TypeList.as_view(), name="accelerator-type-list"),
    path("clusters", ClusterList.as_view(), name="cluster-list"),
    path("clusters/<str:public_id>/status", ClusterStatusView.as_view(), name="cluster-status"),
    path("supplies", SupplyList.as_view(), name="supply-list"),
]
