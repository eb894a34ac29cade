"""People, and what their work leaves behind: audit entries, messages, tokens."""

from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.hashers import make_password

from institute.core.enums import OutboxStatus
from institute.core.ids import new_ulid
from institute.core.models import AuditEntry, OutboxMessage
from institute.people.enums import Role, Scope
from institute.people.models import ApiToken, RoleGrant, User
from institute.staff.management.scale.bulk import BY, Plan, write


def people(plan: Plan) -> Sequence[User]:
    """An administrator, the lead of all projects, and as many members as rows; nobody can sign in by password."""
    password = make_password(None)
    users = write(
        User,
        [
            User(email=f"person{n}@scale.example", name=f"Person {n:05}", password=password)
            for n in range(plan.rows + 2)
        ],
    )
    roles = [Role.ADMIN, *[Role.RESEARCHER] * (plan.rows + 1)]
    write(RoleGrant, [RoleGrant(user=user, role=role) for user, role in zip(users, roles, strict=True)])
    return users


def papers_of_the_office(plan: Plan, lead: User) -> None:
    """Audit entries, messages on their way (some dead), and tokens of the lead."""
    plan.many(
        AuditEntry,
        lambda n: AuditEntry(
            by=str(BY), action="scale.seed", subject_kind="scale.row", subject_id=f"{n}", details={"row": n}
        ),
    )
    plan.many(OutboxMessage, lambda n: _message(plan, n))
    plan.many(
        ApiToken,
        lambda n: ApiToken(
            user=lead,
            name=f"laptop {n:05}",
            prefix="hw",
            sha256=f"{n:064x}",
            scopes=[Scope.READ],
            expires_at=plan.now + timedelta(days=90),
        ),
    )


def _message(plan: Plan, n: int) -> OutboxMessage:
    is_dead = n % 10 == 0
    return OutboxMessage(
        event_id=new_ulid(),
        topic="scale.nothing",
        subject=f"{n}",
        receiver="scale.nowhere",
        payload={"row": n},
        status=OutboxStatus.DEAD if is_dead else OutboxStatus.DELIVERED,
        error="Nobody is there." if is_dead else "",
        delivered_at=None if is_dead else plan.now,
    )
