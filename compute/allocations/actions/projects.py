from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.enums import AllocationStatus, DataClass, MemberRole, ProjectStatus, Purpose
from compute.allocations.models import Membership, Project
from compute.allocations.queries import open_memberships
from compute.allocations.rules import require_reason
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.states import record_change, transition
from institute.people.actions import claim_handle
from institute.people.enums import HandleKind
from institute.people.models import User


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """What is known of a project when it is entered."""

    title: str
    handle: str
    summary: str = ""
    fields: tuple[str, ...] = ()
    purpose: Purpose = Purpose.NON_COMMERCIAL
    data_class: DataClass = DataClass.PUBLIC


def propose_project(*, draft: ProjectDraft, lead: User, by: Actor, now: datetime | None = None) -> Project:
    """Enter a project with its handle and its first lead; nothing can be asked for before it is active.

    Raises Refused for an empty title or a handle that is an address of the platform, Conflict for one in use.
    """
    _require_title(draft.title)
    with transaction.atomic():
        project = Project(
            handle=draft.handle,
            title=draft.title.strip(),
            summary=draft.summary,
            fields=sorted(set(draft.fields)),
            purpose=draft.purpose,
            data_class=draft.data_class,
            created_by=str(by),
        )
        claim_handle(name=draft.handle, kind=HandleKind.PROJECT, owner_id=project.public_id, by=by)
        project.save()
        record_change(project, from_status="", to_status=project.status, by=by, now=now)
        audit.record(by=by, action="project.propose", subject=project, details={"handle": draft.handle})
        add_member(project=project, user=lead, role=MemberRole.LEAD, by=by, now=now)
    return project


def activate_project(*, project: Project, by: Actor, now: datetime | None = None) -> Project:
    """Let a project work. Raises Conflict if it already does."""
    with transaction.atomic():
        transition(project, ProjectStatus.ACTIVE, by=by, now=now)
        audit.record(by=by, action="project.activate", subject=project)
    return project


def create_project(*, draft: ProjectDraft, lead: User, by: Actor, now: datetime | None = None) -> Project:
    """Propose and activate in one step, as operations do."""
    with transaction.atomic():
        project = propose_project(draft=draft, lead=lead, by=by, now=now)
        return activate_project(project=project, by=by, now=now)


def change_project(*, project: Project, changes: Mapping[str, Any], by: Actor) -> Project:
    """Change what a project says of itself (title, summary, fields, purpose, data_class); the handle stays.

    Clauses are weighed again at the next hold. Raises Refused for an empty title.
    """
    allowed = {"title", "summary", "fields", "purpose", "data_class"}
    if foreign := set(changes) - allowed:
        raise Refused(_("Cannot be changed: %(names)s.") % {"names": ", ".join(sorted(foreign))}, rule="fixed")
    _require_title(str(changes.get("title", project.title)))
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        for name, value in changes.items():
            setattr(project, name, sorted(set(value)) if name == "fields" else value)
        project.save(update_fields=[*changes])
        audit.record(by=by, action="project.change", subject=project, details={"fields": sorted(changes)})
    return project


def archive_project(*, project: Project, reason: str, by: Actor, now: datetime | None = None) -> Project:
    """End a project's work. Raises Refused while it has open allocations or without a reason."""
    reason = require_reason(reason)
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        if project.allocations.filter(status__in=[AllocationStatus.ACTIVE, AllocationStatus.FROZEN]).exists():
            raise Refused(
                _("%(project)s still has open allocations.") % {"project": project},
                rule="open-allocations",
                way_out=_("Close them first."),
            )
        transition(project, ProjectStatus.ARCHIVED, by=by, reason=reason, now=now)
        audit.record(by=by, action="project.archive", subject=project)
    return project


def add_member(*, project: Project, user: User, role: MemberRole, by: Actor, now: datetime | None = None) -> Membership:
    """Let a person work on a project. Raises Conflict if they already do, Refused if their account is closed."""
    if not user.is_active:
        raise Refused(_("The account of %(user)s is closed.") % {"user": user}, field="email", rule="inactive")
    with transaction.atomic():
        try:
            with transaction.atomic():
                membership = Membership.objects.create(
                    project=project, user=user, role=role, starts_at=now or timezone.now(), created_by=str(by)
                )
        except IntegrityError:
            raise Conflict(
                _("%(user)s is already on %(project)s.") % {"user": user, "project": project},
                field="email",
                rule="member-once",
                way_out=_("End the present membership first to change the role."),
            ) from None
        details = {"user": user.public_id, "role": role.value}
        audit.record(by=by, action="membership.add", subject=project, details=details)
    return membership


def end_membership(*, membership: Membership, by: Actor, now: datetime | None = None) -> Membership:
    """End a person's part in a project from now on. Raises Refused for the last lead, Conflict if it has ended."""
    now = now or timezone.now()
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=membership.project_id)
        membership = Membership.objects.select_for_update().get(pk=membership.pk)
        if membership.ends_at is not None:
            raise Conflict(_("The membership has already ended."), rule="membership-ended")
        others = open_memberships(now).filter(project=project, role=MemberRole.LEAD).exclude(pk=membership.pk)
        if membership.role == MemberRole.LEAD and project.status == ProjectStatus.ACTIVE and not others.exists():
            raise Refused(
                _("%(project)s would be without a lead.") % {"project": project},
                rule="last-lead",
                way_out=_("Add another lead first."),
            )
        membership.ends_at = max(now, membership.starts_at)
        membership.save(update_fields=["ends_at"])
        audit.record(by=by, action="membership.end", subject=project, details={"membership": membership.public_id})
    return membership


def _require_title(title: str) -> None:
    if not title.strip():
        raise Refused(_("A project has a title."), field="title", rule="title")
