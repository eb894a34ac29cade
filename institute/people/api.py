"""API of institute.people."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from institute.core.api import idempotent
from institute.people import actions
from institute.people.access import acting
from institute.people.authentication import TokenIdentity
from institute.people.enums import Role, Scope
from institute.people.models import ApiToken, User
from institute.people.queries import handle_of


class MeSerializer(serializers.Serializer[Any]):
    """The caller."""

    id = serializers.CharField()
    email = serializers.CharField()
    name = serializers.CharField()
    handle = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    time_zone = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token without its secret."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_on")
        read_only_fields = fields


class TokenInput(serializers.Serializer[Any]):
    """A new token."""

    name = serializers.CharField(max_length=120)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=[scope.value for scope in Scope if scope != Scope.JOB]), min_length=1
    )
    days = serializers.IntegerField(min_value=1, max_value=365, default=90)


class NewTokenSerializer(serializers.Serializer[Any]):
    """A token with its secret, this once."""

    id = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()
    token = serializers.CharField()


class Me(APIView):
    """Who the caller is."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """The caller's profile, roles and the token's scopes."""
        user = request.user
        assert isinstance(user, User)  # job tokens have no scope for this view
        handle = handle_of(user.public_id)
        identity = request.auth if isinstance(request.auth, TokenIdentity) else None
        return Response(
            {
                "id": user.public_id,
                "email": user.email,
                "name": user.name,
                "handle": handle.name if handle else None,
                "language": user.language,
                "time_zone": user.time_zone,
                "roles": sorted(user.roles),
                "scopes": sorted(identity.scopes) if identity else None,
            }
        )


class TokenList(generics.ListAPIView[ApiToken]):
    """One's own tokens, newest first."""

    serializer_class = TokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        """The caller's."""
        assert isinstance(self.request.user, User)  # see Me
        return ApiToken.objects.filter(user=self.request.user)

    @extend_schema(request=TokenInput, responses={201: NewTokenSerializer})
    def post(self, request: Request) -> Response:
        """Make a token; the answer shows it once, so a repetition makes another (no idempotency key)."""
        given = TokenInput(data=request.data)
        given.is_valid(raise_exception=True)
        assert isinstance(request.user, User)  # see Me
        row, token = actions.create_token(
            user=request.user,
            name=given.validated_data["name"],
            scopes=[Scope(scope) for scope in given.validated_data["scopes"]],
            expires_at=timezone.now() + timedelta(days=given.validated_data["days"]),
            by=acting(request._request),
        )
        answer = {
            "id": row.public_id,
            "name": row.name,
            "scopes": row.scopes,
            "expires_at": row.expires_at,
            "token": token,
        }
        return Response(NewTokenSerializer(answer).data, status=status.HTTP_201_CREATED)


class TokenRevoke(APIView):
    """End one of one's own tokens."""

    @extend_schema(request=None, responses={200: TokenSerializer})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Revoke it now."""
        assert isinstance(request.user, User)  # see Me
        token = get_object_or_404(ApiToken, public_id=public_id, user=request.user)
        token = actions.revoke_token(token=token, by=acting(request._request))
        return Response(TokenSerializer(token).data)


api_urlpatterns = [
    path("me", Me.as_view(), name="me"),
    path("tokens", TokenList.as_view(), name="token-list"),
    path("tokens/<str:public_id>/revoke", TokenRevoke.as_view(), name="token-revoke"),
]
