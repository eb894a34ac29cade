import zoneinfo

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.people.actions.handles import claim_handle
from institute.people.actions.roles import require_another_admin
from institute.people.enums import HandleKind, Role
from institute.people.models import User

LANGUAGES = ("en", "fr")


def create_user(
    *,
    email: str,
    name: str,
    password: str | None,
    by: Actor,
    handle: str = "",
    language: str = "en",
    time_zone: str = "UTC",
) -> User:
    """Make a person who can sign in; roles are given by `grant_role`. Without password only single sign-on works.

    Raises Refused for a bad address, a weak password, an unknown language or time zone, Conflict if the
    address is known.
    """
    _check_profile(language=language, time_zone=time_zone)
    email = User.objects.normalize_email(email.strip())
    try:
        validate_email(email)
    except ValidationError:
        raise Refused(_("Enter a valid e-mail address."), field="email", rule="email") from None
    user = User(email=email, name=name.strip(), language=language, time_zone=time_zone)
    if password is None:
        user.set_unusable_password()
    else:
        _check_password(password, user)
        user.set_password(password)
    with transaction.atomic():
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError:
            raise Conflict(_("Somebody with this e-mail address exists."), field="email", rule="email-taken") from None
        if handle:
            claim_handle(name=handle, kind=HandleKind.PERSON, owner_id=user.public_id, by=by)
        audit.record(by=by, action="user.create", subject=user)
    return user


def change_profile(*, user: User, name: str, language: str, time_zone: str, by: Actor) -> User:
    """Change what a person may change themselves. Raises Refused for an unknown language or time zone."""
    _check_profile(language=language, time_zone=time_zone)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        user.name, user.language, user.time_zone = name.strip(), language, time_zone
        user.save(update_fields=["name", "language", "time_zone"])
        audit.record(by=by, action="user.change_profile", subject=user)
    return user


def deactivate_user(*, user: User, by: Actor, reason: str) -> User:
    """Close a person's account; their rows, and what they did, stay.

    Raises Refused without a reason, and for the last administrator.
    """
    if not reason.strip():
        raise Refused(_("Closing an account needs a reason."), field="reason", rule="reason")
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if Role.ADMIN in user.roles:
            require_another_admin(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        audit.record(by=by, action="user.deactivate", subject=user, details={"reason": reason})
    return user


def _check_profile(*, language: str, time_zone: str) -> None:
    if language not in LANGUAGES:
        raise Refused(_("Choose English or French."), field="language", rule="language")
    if time_zone not in zoneinfo.available_timezones():
        raise Refused(
            _("“%(zone)s” is no time zone.") % {"zone": time_zone},
            field="time_zone",
            rule="time-zone",
            way_out=_("Use a name such as Europe/Paris."),
        )


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="password", rule="password") from None
