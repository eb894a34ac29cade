from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.people.enums import Scope
from institute.people.models import ApiToken, User
from institute.people.tokens import fingerprint, new_token

LONGEST = timedelta(days=366)


def create_token(
    *, user: User, name: str, scopes: Iterable[Scope], expires_at: datetime, by: Actor, prefix: str = "hw"
) -> tuple[ApiToken, str]:
    """Make a token for a person; the row and, this once, the token itself.

    Raises Refused without a name or scope, for the scope `job`, for an expiry in the past or beyond a year.
    """
    wanted = sorted({Scope(scope) for scope in scopes})
    now = timezone.now()
    if not name.strip():
        raise Refused(_("Give the token a name, so that you know later what it was for."), field="name", rule="name")
    if not wanted or Scope.JOB in wanted:
        raise Refused(_("Choose at least one of: read, write, runs."), field="scopes", rule="scope")
    if not now < expires_at <= now + LONGEST:
        raise Refused(_("A token is valid for at least a moment and at most a year."), field="days", rule="expiry")
    return _store(user=user, job_id="", name=name, scopes=wanted, expires_at=expires_at, by=by, prefix=prefix)


def issue_job_token(*, job_id: str, name: str, expires_at: datetime, by: Actor) -> tuple[ApiToken, str]:
    """Make the token of one attempt of a job: its lease, inputs, checkpoints, output and runs, nothing else."""
    return _store(user=None, job_id=job_id, name=name, scopes=[Scope.JOB], expires_at=expires_at, by=by, prefix="job")


def _store(
    *, user: User | None, job_id: str, name: str, scopes: list[Scope], expires_at: datetime, by: Actor, prefix: str
) -> tuple[ApiToken, str]:
    text = new_token(prefix)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            job_id=job_id,
            name=name.strip()[:120],
            prefix=text.partition("-")[0],
            sha256=fingerprint(text),
            scopes=[scope.value for scope in scopes],
            expires_at=expires_at,
            created_by=str(by),
        )
        audit.record(by=by, action="token.create", subject=token, details={"scopes": token.scopes, "job": job_id})
    return token, text


def revoke_token(*, token: ApiToken, by: Actor) -> ApiToken:
    """End a token now; revoking twice changes nothing."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().get(pk=token.pk)
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            audit.record(by=by, action="token.revoke", subject=token)
    return token


def revoke_job_tokens(*, job_id: str, by: Actor, reason: str) -> int:
    """End every token of a job; the number that were still open."""
    with transaction.atomic():
        open_tokens = ApiToken.objects.select_for_update().filter(job_id=job_id, revoked_at__isnull=True).order_by("pk")
        tokens = list(open_tokens)
        for token in tokens:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            audit.record(by=by, action="token.revoke", subject=token, details={"job": job_id, "reason": reason})
    return len(tokens)
