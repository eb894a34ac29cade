"""One token serves API, tracker and hub."""

import base64
from datetime import date

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from institute.core.actors import Actor, ActorKind
from institute.people.enums import Scope
from institute.people.models import ApiToken, User
from institute.people.queries import usable_token


class TokenIdentity:
    """What a request with a token has instead of a session: the token, its scopes, and who acts."""

    def __init__(self, token: ApiToken) -> None:
        self.token = token
        self.scopes = frozenset(Scope(scope) for scope in token.scopes)

    @property
    def actor(self) -> Actor:
        """The job of a job token, else the token with its person behind it."""
        if self.token.job_id:
            return Actor(ActorKind.JOB, self.token.job_id)
        assert self.token.user is not None  # a CHECK of the table
        return Actor(ActorKind.TOKEN, self.token.public_id, self.token.user.public_id)


def token_text(request: HttpRequest) -> str | None:
    """The key in the Authorization header: `Bearer KEY`, or Basic with the key as password (wandb, git)."""
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except ValueError:  # no base64, or no text in it
            return ""
    return None


def identify(request: HttpRequest) -> TokenIdentity | None:
    """The identity behind the request's token; None without one or with one that is not usable."""
    text = token_text(request)
    token = usable_token(text, now=timezone.now()) if text else None
    if token is None:
        return None
    today = date.today()
    if token.last_used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=today)
    return TokenIdentity(token)


class JobPrincipal:
    """Stands where DRF expects a user when a job's own token asks."""

    is_authenticated = True
    is_active = True
    is_anonymous = False
    is_staff = False
    pk = None

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """A job holds no permission; its endpoints check the job itself."""
        return False

    def has_role(self, *wanted: object) -> bool:
        """A job holds no role."""
        return False


class TokenAuthentication(BaseAuthentication):
    """DRF: `Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[User | JobPrincipal, TokenIdentity] | None:
        """The person (or job) and the token's identity; AuthenticationFailed for a bad token."""
        if token_text(request._request) is None:
            return None
        identity = identify(request._request)
        if identity is None:
            raise AuthenticationFailed(_("The token is unknown, expired or revoked. Make a new one in your account."))
        request._request.auth_token = identity  # type: ignore[attr-defined]  # read by ActorMiddleware
        user = identity.token.user
        return (user if user is not None else JobPrincipal(identity.token.job_id)), identity

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401, not 403."""
        return 'Bearer realm="headwaters"'
