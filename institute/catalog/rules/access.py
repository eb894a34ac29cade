"""Who may do what; a reviewer is never one of the authors."""

import rules
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations import queries as allocations
from compute.allocations.enums import MemberRole
from compute.allocations.models import Allocation, Project
from compute.jobs.models import Job
from compute.tracking.models import Run
from institute.catalog.models import Artifact, Publication, Revision
from institute.catalog.queries import visibility
from institute.core.actors import Actor
from institute.core.errors import Forbidden
from institute.people.enums import HandleKind, Role
from institute.people.models import Handle, User
from institute.people.queries import user_behind
from institute.people.rules import holds, is_staff

Owned = Artifact | Revision | Publication


def _owners(obj: object) -> tuple[Project | None, int | None]:
    """(project, key of the person) that own a thing."""
    if isinstance(obj, Revision):
        obj = obj.artifact
    if isinstance(obj, Artifact):
        return obj.project, obj.owner_id
    if isinstance(obj, Project):
        return obj, None
    if isinstance(obj, Publication | Job | Allocation):
        return obj.project, None
    if isinstance(obj, Run):
        return (obj.job.project if obj.job else None), None
    return None, None


def _is_the_institutes(obj: object) -> bool:
    """It stands under the institute's own handle, for which operations act."""
    artifact = obj.artifact if isinstance(obj, Revision) else obj
    return isinstance(artifact, Artifact) and artifact.namespace.kind == HandleKind.INSTITUTE


def _parts_of(user: User) -> dict[int, str]:
    """{project's key: the person's part in it now}, read once per instance, as roles are."""
    if not hasattr(user, "_catalog_parts"):
        mine = allocations.open_memberships(timezone.now()).filter(user=user)
        user._catalog_parts = dict(mine.values_list("project", "role"))  # type: ignore[attr-defined]
    parts: dict[int, str] = user._catalog_parts  # type: ignore[attr-defined]
    return parts


def _part_in(user: object, obj: object) -> str | None:
    """The person's part in what owns a thing, None if it is not theirs; people lead what is their own."""
    if not isinstance(user, User) or not user.is_active:
        return None
    project, owner = _owners(obj)
    if owner == user.pk or (_is_the_institutes(obj) and Role.OPERATIONS in user.roles):
        return MemberRole.LEAD
    return _parts_of(user).get(project.pk) if project is not None else None


@rules.predicate
def is_member_of(user: object, obj: object = None) -> bool:
    """A member of the project that owns the thing, or the person whose own it is."""
    return _part_in(user, obj) is not None


@rules.predicate
def is_lead_of(user: object, obj: object = None) -> bool:
    """A lead of the project that owns the thing, or the person whose own it is."""
    return _part_in(user, obj) == MemberRole.LEAD


@rules.predicate
def may_create_under(user: object, namespace: object = None) -> bool:
    """The handle is the person's own or their project's; the institute's belongs to operations."""
    if not isinstance(user, User) or not isinstance(namespace, Handle):
        return False
    if namespace.kind == HandleKind.INSTITUTE:
        return user.has_role(Role.OPERATIONS)
    if namespace.kind == HandleKind.PERSON:
        return namespace.owner_id == user.public_id
    if namespace.kind != HandleKind.PROJECT:
        return False
    return allocations.projects_of(user, timezone.now()).filter(public_id=namespace.owner_id).exists()


@rules.predicate
def can_see(user: object, obj: object = None) -> bool:
    """The person may know of the thing at all: `queries.visibility` says who may."""
    now = timezone.now()
    if isinstance(obj, Artifact):
        return visibility.artifacts_visible_to(user, now).filter(pk=obj.pk).exists()
    if isinstance(obj, Revision):
        return visibility.revisions_visible_to(user, now).filter(pk=obj.pk).exists()
    if isinstance(obj, Publication):
        return visibility.publications_visible_to(user, now).filter(pk=obj.pk).exists()
    return False


@rules.predicate
def is_independent(user: object, obj: object = None) -> bool:
    """Not a member, not the owner, not the one who drafted it."""
    return isinstance(user, User) and not is_member_of(user, obj) and getattr(obj, "created_by", "") != str(user.actor)


is_administrator = holds(Role.ADMIN)

rules.add_perm("catalog.view_all", is_administrator)
rules.add_perm("catalog.view_artifact", can_see)
rules.add_perm("catalog.view_revision", can_see)
rules.add_perm("catalog.view_publication", can_see)
rules.add_perm("catalog.create_artifact", may_create_under | is_administrator)
rules.add_perm("catalog.edit_artifact", is_member_of | is_administrator)
rules.add_perm("catalog.draft_revision", is_member_of | is_administrator)
rules.add_perm("catalog.propose_revision", is_lead_of | is_administrator)
rules.add_perm("catalog.review", holds(Role.REVIEWER))
rules.add_perm("catalog.review_revision", holds(Role.REVIEWER) & is_independent)
rules.add_perm("catalog.withdraw_revision", is_lead_of | holds(Role.REVIEWER))
rules.add_perm("catalog.edit_publication", is_member_of | is_administrator)
rules.add_perm("catalog.propose_publication", is_lead_of | is_administrator)
rules.add_perm("catalog.review_publication", holds(Role.REVIEWER) & is_independent)
rules.add_perm("catalog.retract_publication", is_lead_of | holds(Role.REVIEWER))
rules.add_perm("catalog.use_catalog", is_staff | holds(Role.RESEARCHER, Role.REVIEWER))


def require_independent(obj: Owned, by: Actor) -> None:
    """Forbidden unless a person who is none of the authors acts."""
    user = user_behind(by)
    if user is None or not is_independent(user, obj):
        raise Forbidden(
            _("A reviewer who is no member of the project decides on what it publishes."),
            rule="independent-review",
            way_out=_("Ask another reviewer."),
        )
