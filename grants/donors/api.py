"""API of grants.donors."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from grants.donors import actions, queries
from grants.donors.actions.donors import DonorDraft
from grants.donors.enums import ConsentPurpose, DonorKind
from grants.donors.models import Consent, Donor, PortalAccess
from institute.core.api import idempotent
from institute.people.access import acting, require_permission
from institute.people.models import User


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


class ContactSerializer(serializers.ModelSerializer[PortalAccess]):
    """A person who sees a donor's pledges."""

    id = serializers.CharField(source="user.public_id", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = PortalAccess
        fields = ("id", "email", "name", "starts_at", "ends_at")
        read_only_fields = fields


class ContactInput(serializers.Serializer[Any]):
    """Who is to see the pledges."""

    email = serializers.SlugRelatedField(slug_field="email", queryset=User.objects.filter(is_active=True))


class ConsentSerializer(serializers.ModelSerializer[Consent]):
    """What a donor agreed to."""

    class Meta:
        model = Consent
        fields = ("purpose", "source", "granted_at", "withdrawn_at")
        read_only_fields = fields


class ConsentInput(serializers.Serializer[Any]):
    """A consent, and how we know."""

    purpose = serializers.ChoiceField(choices=ConsentPurpose.choices)
    source = serializers.CharField(max_length=200)  # type: ignore[assignment]  # a field of this name


def _donor_of_desk(request: Request, public_id: str) -> Donor:
    """404 for donors whom the caller may not know, 403 for those who may not see the file."""
    is_staff = request.user.has_perm("donors.view_donor")
    known = queries.active_donors() if is_staff else queries.public_donors()
    donor = get_object_or_404(known, public_id=public_id)
    require_permission(request, "donors.edit_donor")
    return donor


class ContactList(generics.ListAPIView[PortalAccess]):
    """Who sees a donor's pledges."""

    serializer_class = ContactSerializer

    def get_queryset(self) -> QuerySet[PortalAccess]:
        """Those whose access is open."""
        return queries.contacts_of(_donor_of_desk(self.request, self.kwargs["public_id"]), timezone.now())

    @extend_schema(request=ContactInput, responses={201: ContactSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Let a person with the role of a donor's contact see them."""
        donor = _donor_of_desk(request, public_id)
        given = ContactInput(data=request.data)
        given.is_valid(raise_exception=True)
        user = given.validated_data["email"]
        access = actions.grant_portal_access(donor=donor, user=user, by=acting(request._request))
        return Response(ContactSerializer(access).data, status=status.HTTP_201_CREATED)


class ContactEnd(APIView):
    """The end of a person's view of a donor."""

    @extend_schema(request=None, responses={200: ContactSerializer})
    @idempotent
    def post(self, request: Request, public_id: str, user_id: str) -> Response:
        """End it now."""
        donor = _donor_of_desk(request, public_id)
        user = get_object_or_404(User, public_id=user_id)
        access = actions.end_portal_access(donor=donor, user=user, by=acting(request._request))
        return Response(ContactSerializer(access).data)


class ConsentList(generics.ListAPIView[Consent]):
    """What a donor agrees to."""

    serializer_class = ConsentSerializer

    def get_queryset(self) -> QuerySet[Consent]:
        """Consents in force."""
        return queries.consents_of(_donor_of_desk(self.request, self.kwargs["public_id"]))

    @extend_schema(request=ConsentInput, responses={201: ConsentSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Note a consent."""
        donor = _donor_of_desk(request, public_id)
        given = ConsentInput(data=request.data)
        given.is_valid(raise_exception=True)
        purpose = ConsentPurpose(given.validated_data["purpose"])
        source = given.validated_data["source"]
        consent = actions.grant_consent(donor=donor, purpose=purpose, source=source, by=acting(request._request))
        return Response(ConsentSerializer(consent).data, status=status.HTTP_201_CREATED)


class ConsentWithdraw(APIView):
    """The end of a consent."""

    @extend_schema(request=None, responses={200: ConsentSerializer})
    @idempotent
    def post(self, request: Request, public_id: str, purpose: str) -> Response:
        """Note that the donor agrees no longer."""
        donor = _donor_of_desk(request, public_id)
        consent = get_object_or_404(queries.consents_of(donor), purpose=purpose)
        purpose = ConsentPurpose(consent.purpose)
        consent = actions.withdraw_consent(donor=donor, purpose=purpose, by=acting(request._request))
        return Response(ConsentSerializer(consent).data)


api_urlpatterns = [
    path("donors", DonorList.as_view(), name="donor-list"),
    path("donors/<str:public_id>", DonorDetail.as_view(), name="donor-detail"),
    path("donors/<str:public_id>/contacts", ContactList.as_view(), name="contact-list"),
    path("donors/<str:public_id>/contacts/<str:user_id>/end", ContactEnd.as_view(), name="contact-end"),
    path("donors/<str:public_id>/consents", ConsentList.as_view(), name="consent-list"),
    path("donors/<str:public_id>/consents/<str:purpose>/withdraw", ConsentWithdraw.as_view(), name="consent-withdraw"),
]
