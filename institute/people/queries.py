"""Questions about people."""

from datetime import datetime

from django.db.models import QuerySet

from institute.core.actors import Actor
from institute.people.enums import HandleKind, Role
from institute.people.models import ApiToken, Handle, User
from institute.people.tokens import TOKEN_FORM, fingerprint


def user_behind(actor: Actor) -> User | None:
    """The person behind an act, None for jobs and the system."""
    return User.objects.filter(public_id=actor.person).first() if actor.person else None


def usable_token(token: str, *, now: datetime) -> ApiToken | None:
    """The stored token if it is known, neither expired nor revoked, and its person is active."""
    if not TOKEN_FORM.fullmatch(token):
        return None
    found = ApiToken.objects.select_related("user").filter(sha256=fingerprint(token)).first()
    if found is None or found.revoked_at is not None or found.expires_at <= now:
        return None
    return None if found.user is not None and not found.user.is_active else found


def users_with_role(*roles: Role, now: datetime) -> QuerySet[User]:
    """Active people who hold one of the roles now."""
    return (
        User.objects.filter(is_active=True, role_grants__role__in=roles, role_grants__starts_at__lte=now)
        .exclude(role_grants__ends_at__lte=now)
        .distinct()
    )


def handle_of(owner_id: str) -> Handle | None:
    """The handle of a person or project, by its public id."""
    return Handle.objects.filter(owner_id=owner_id).exclude(kind=HandleKind.MIRROR).first()


def handle_named(name: str) -> Handle | None:
    """The handle with this name in any case."""
    return Handle.objects.filter(name__lower=name.lower()).first()
