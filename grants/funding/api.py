"""API of grants.funding."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from grants.donors.queries import active_donors
from grants.funding import actions, queries
from grants.funding.enums import Enforcement, LimitPolicy, RestrictionKind, ServiceClass, TermsKind
from grants.funding.models import ComputeTerms, Obligation, Pledge, Restriction
from institute.core.api import ReasonInput, idempotent, verb_view
from institute.people.access import acting, require_permission
from institute.people.models import User

LARGEST_SECONDS = 10**15


class TermsSerializer(serializers.ModelSerializer[ComputeTerms]):
    """What a pledge promises; amounts are accelerator-seconds."""

    class Meta:
        model = ComputeTerms
        fields = (
            "version",
            "kind",
            "type_slug",
            "amount",
            "service_class",
            "notice_days",
            "reserve_percent",
            "policy",
        )
        read_only_fields = fields


class RestrictionSerializer(serializers.ModelSerializer[Restriction]):
    """A clause."""

    class Meta:
        model = Restriction
        fields = ("clause_no", "kind", "parameter", "enforcement", "text")
        read_only_fields = fields


class ObligationSerializer(serializers.ModelSerializer[Obligation]):
    """A duty."""

    id = serializers.CharField(source="public_id")
    pledge = serializers.CharField(source="pledge.public_id")

    class Meta:
        model = Obligation
        fields = (
            "id",
            "pledge",
            "subject",
            "kind",
            "text",
            "due_on",
            "status",
            "evidence",
            "evidence_label",
            "evidence_url",
        )
        read_only_fields = fields


class PledgeSerializer(serializers.ModelSerializer[Pledge]):
    """A pledge with its present terms and clauses."""

    id = serializers.CharField(source="public_id")
    donor = serializers.CharField(source="donor.public_id")
    terms = serializers.SerializerMethodField()
    restrictions = RestrictionSerializer(many=True)

    class Meta:
        model = Pledge
        fields = (
            "id",
            "donor",
            "title",
            "status",
            "window_starts_at",
            "window_ends_at",
            "is_irrevocable",
            "accepted_at",
            "activated_at",
            "terms",
            "restrictions",
        )
        read_only_fields = fields

    @cached_property
    def _terms(self) -> TermsSerializer:
        return TermsSerializer()  # one for the whole list: declaring its fields is what costs

    @extend_schema(responses=TermsSerializer)
    def get_terms(self, pledge: Pledge) -> dict[str, Any]:
        """The newest version."""
        return dict(self._terms.to_representation(queries.current_terms(pledge)))


class TermsInput(serializers.Serializer[Any]):
    """What is promised."""

    kind = serializers.ChoiceField(choices=TermsKind.choices, default=TermsKind.POOL)
    type_slug = serializers.SlugField(max_length=64)
    amount = serializers.IntegerField(min_value=1, max_value=LARGEST_SECONDS)
    service_class = serializers.ChoiceField(choices=ServiceClass.choices, default=ServiceClass.ON_DEMAND)
    notice_days = serializers.IntegerField(min_value=0, max_value=3650, default=30)
    reserve_percent = serializers.IntegerField(min_value=0, max_value=100, default=2)
    policy = serializers.ChoiceField(choices=LimitPolicy.choices, default=LimitPolicy.HARD)


class RestrictionInput(serializers.Serializer[Any]):
    """A clause; for `cite` the text is the sentence to print."""

    kind = serializers.ChoiceField(choices=RestrictionKind.choices)
    text = serializers.CharField(max_length=1000)
    parameter = serializers.DictField(default=dict)
    enforcement = serializers.ChoiceField(choices=Enforcement.choices, default=Enforcement.BLOCK)


class PledgeInput(serializers.Serializer[Any]):
    """A promise as it is entered."""

    donor = serializers.SlugRelatedField(slug_field="public_id", queryset=active_donors())
    title = serializers.CharField(max_length=120)
    window_starts_at = serializers.DateTimeField()
    window_ends_at = serializers.DateTimeField()
    is_irrevocable = serializers.BooleanField(default=False)
    note = serializers.CharField(max_length=4000, default="", allow_blank=True)
    terms = TermsInput()
    restrictions = RestrictionInput(many=True, default=list)

    @property
    def draft(self) -> actions.PledgeDraft:
        """The valid body as an action takes it."""
        data = {name: value for name, value in self.validated_data.items() if name != "donor"}
        terms = data.pop("terms")
        clauses = data.pop("restrictions")
        return actions.PledgeDraft(
            **data,
            terms=actions.TermsDraft(
                **terms
                | {
                    "kind": TermsKind(terms["kind"]),
                    "service_class": ServiceClass(terms["service_class"]),
                    "policy": LimitPolicy(terms["policy"]),
                }
            ),
            restrictions=[
                actions.RestrictionDraft(
                    **clause
                    | {"kind": RestrictionKind(clause["kind"]), "enforcement": Enforcement(clause["enforcement"])}
                )
                for clause in clauses
            ],
        )


class WithdrawInput(ReasonInput):
    """A withdrawal and its instant."""

    effective_at = serializers.DateTimeField()


def visible_pledges(request: Request) -> QuerySet[Pledge]:
    """The pledges that the caller may know of."""
    if not isinstance(request.user, User):
        return Pledge.objects.none()
    pledges = queries.with_terms(queries.pledges_visible_to(request.user, timezone.now()))
    return pledges.prefetch_related("restrictions")


class PledgeList(generics.ListAPIView[Pledge]):
    """Pledges, newest first: staff see all, a donor's contact the donor's. The grants desk enters new ones."""

    serializer_class = PledgeSerializer
    filterset_fields = ("status",)

    def get_queryset(self) -> QuerySet[Pledge]:
        """What the caller may know of."""
        return visible_pledges(self.request)

    @extend_schema(request=PledgeInput, responses={201: PledgeSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Enter a donor's promise."""
        require_permission(request, "funding.offer_pledge")
        given = PledgeInput(data=request.data)
        given.is_valid(raise_exception=True)
        donor = given.validated_data["donor"]
        pledge = actions.offer_pledge(donor=donor, draft=given.draft, by=acting(request._request))
        return Response(PledgeSerializer(pledge).data, status=status.HTTP_201_CREATED)


class PledgeDetail(generics.RetrieveAPIView[Pledge]):
    """One pledge."""

    serializer_class = PledgeSerializer
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Pledge]:
        """What the caller may know of."""
        return visible_pledges(self.request)


class PledgeVerb(APIView):
    """A decision about a pledge: accept, suspend, resume, withdraw or close."""

    verb = ""

    @extend_schema(responses={200: PledgeSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Decide; suspend, resume, withdraw and close need a `reason`, withdraw an `effective_at`."""
        pledge = get_object_or_404(visible_pledges(request), public_id=public_id)
        permission, act, form = VERBS[self.verb]
        require_permission(request, permission, pledge)
        values: dict[str, str | datetime] = {}
        if form is not None:
            given = form(data=request.data)
            given.is_valid(raise_exception=True)
            values = given.validated_data
        act(pledge=pledge, by=acting(request._request), **values)
        return Response(PledgeSerializer(visible_pledges(request).get(pk=pledge.pk)).data)


VERBS: dict[str, tuple[str, Any, type[ReasonInput] | None]] = {
    "accept": ("funding.accept_pledge", actions.accept_pledge, None),
    "suspend": ("funding.suspend_pledge", actions.suspend_pledge, ReasonInput),
    "resume": ("funding.suspend_pledge", actions.resume_pledge, ReasonInput),
    "withdraw": ("funding.withdraw_pledge", actions.withdraw_pledge, WithdrawInput),
    "close": ("funding.withdraw_pledge", actions.close_pledge, ReasonInput),
}


class ObligationList(generics.ListAPIView[Obligation]):
    """Duties of the pledges that the caller may know of."""

    serializer_class = ObligationSerializer
    filterset_fields = ("status", "kind")

    def get_queryset(self) -> QuerySet[Obligation]:
        """Staff see all, a donor's contact the donor's."""
        pledges = visible_pledges(self.request).values("pk")
        return Obligation.objects.filter(pledge__in=pledges).select_related("pledge")


class ObligationAccept(APIView):
    """Agree that a duty is fulfilled."""

    @extend_schema(request=None, responses={200: ObligationSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Accept the evidence."""
        duties = Obligation.objects.filter(pledge__in=visible_pledges(request).values("pk"))
        duty = get_object_or_404(duties, public_id=public_id)
        require_permission(request, "funding.accept_fulfilment", duty)
        duty = actions.accept_fulfilment(obligation=duty, by=acting(request._request))
        return Response(ObligationSerializer(duty).data)


api_urlpatterns = [
    path("pledges", PledgeList.as_view(), name="pledge-list"),
    path("pledges/<str:public_id>", PledgeDetail.as_view(), name="pledge-detail"),
    *[
        path(f"pledges/<str:public_id>/{verb}", verb_view(PledgeVerb, verb, takes), name=f"pledge-{verb}")
        for verb, (_permission, _act, takes) in VERBS.items()
    ],
    path("obligations", ObligationList.as_view(), name="obligation-list"),
    path("obligations/<str:public_id>/accept", ObligationAccept.as_view(), name="obligation-accept"),
]
