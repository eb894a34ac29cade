from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.outbox import publish
from institute.people.enums import Role
from institute.people.events import RoleEnded, RoleGranted
from institute.people.models import RoleGrant, User


def grant_role(*, user: User, role: Role, by: Actor) -> RoleGrant:
    """Give a person a role from now on. Granting it twice returns the open grant."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        open_grant = RoleGrant.objects.filter(user=user, role=role, ends_at__isnull=True).first()
        if open_grant is not None:
            return open_grant
        grant = RoleGrant.objects.create(user=user, role=role, created_by=str(by))
        audit.record(by=by, action="role.grant", subject=user, details={"role": role.value})
        publish(RoleGranted(user_id=user.public_id, role=role.value), subject=user.public_id, by=by)
    forget_roles(user)
    return grant


def end_role(*, user: User, role: Role, by: Actor, reason: str) -> RoleGrant:
    """Take a role back from now on; the row stays.

    Raises Conflict if the person does not hold it, Refused for the last administrator or without a reason.
    """
    if not reason.strip():
        raise Refused(_("Ending a role needs a reason."), field="reason", rule="reason")
    with transaction.atomic():
        holders = RoleGrant.objects.select_for_update().filter(role=role, ends_at__isnull=True)
        grant = next((held for held in holders.order_by("pk") if held.user_id == user.pk), None)
        if grant is None:
            raise Conflict(_("%(user)s does not hold this role.") % {"user": user}, rule="role-held")
        if role == Role.ADMIN:
            require_another_admin(user)
        grant.ends_at = timezone.now()
        grant.save(update_fields=["ends_at"])
        audit.record(by=by, action="role.end", subject=user, details={"role": role.value, "reason": reason})
        publish(RoleEnded(user_id=user.public_id, role=role.value), subject=user.public_id, by=by)
    forget_roles(user)
    return grant


def require_another_admin(user: User) -> None:
    """Refused for the last administrator who can sign in. Inside the caller's transaction: the role's grants are
    locked, so that of two who take it from each other one stays."""
    admins = RoleGrant.objects.filter(role=Role.ADMIN, ends_at__isnull=True)
    list(admins.select_for_update().order_by("pk"))
    if not admins.filter(user__is_active=True).exclude(user=user).exists():
        raise Refused(
            _("%(user)s is the last administrator.") % {"user": user},
            rule="last-admin",
            way_out=_("Make somebody else administrator first."),
        )


def forget_roles(user: User) -> None:
    """Let the instance read its roles again."""
    vars(user).pop("_roles", None)
