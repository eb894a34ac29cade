"""API of grants.donors."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from grants.donors import actions, queries
from grants.donors.actions.donors import DonorDraft
from grants.donors.enums import DonorKind
from grants.donors.models import Donor
from institute.core.api import idempotent
from institute.people.access import acting, require_permission


class DonorSerializer(serializers.ModelSerializer[Donor]):
    """A donor as the public may know it."""

    id = serializers.CharField(source="public_id", read_only=True)
    country = serializers.CharField(read_only=True)

    class Meta:
        model = Donor
        fields = ("id", "name", "kind", "country", "url", "public_text")
        read_only_fields = fields


class DonorInput(serializers.Serializer[Any]):
    """What staff enter of a donor."""

    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=DonorKind.choices, default=DonorKind.ORGANISATION)
    org_id = serializers.CharField(max_length=80, default="", allow_blank=True)
    country = serializers.CharField(max_length=2, default="", allow_blank=True)
    url = serializers.URLField(default="", allow_blank=True)
    public_text = serializers.CharField(max_length=4000, default="", allow_blank=True)


class DonorList(generics.ListAPIView[Donor]):
    """Donors that may be named, newest first; the grants desk enters new ones."""

    is_public = True
    serializer_class = DonorSerializer
    search_fields: ClassVar = ["name"]

    def get_queryset(self) -> QuerySet[Donor]:
        """What the public may know."""
        return queries.public_donors()

    @extend_schema(request=DonorInput, responses={201: DonorSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Enter a donor."""
        require_permission(request, "donors.edit_donor")
        given = DonorInput(data=request.data)
        given.is_valid(raise_exception=True)
        draft = DonorDraft(**(given.validated_data | {"kind": DonorKind(given.validated_data["kind"])}))
        donor = actions.create_donor(draft=draft, by=acting(request._request))
        return Response(DonorSerializer(donor).data, status=status.HTTP_201_CREATED)


class DonorDetail(generics.RetrieveAPIView[Donor]):
    """One donor."""

    is_public = True
    serializer_class = DonorSerializer
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Donor]:
        """What the public may know."""
        return queries.public_donors()


api_urlpatterns = [
    path("donors", DonorList.as_view(), name="donor-list"),
    path("donors/<str:public_id>", DonorDetail.as_view(), name="donor-detail"),
]
