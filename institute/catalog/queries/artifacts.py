"""Artefacts and their revisions: what there is, and who may see it."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from compute.allocations.models import Membership
from institute.catalog.enums import (
    PUBLIC_REVISIONS,
    ArtifactKind,
    ArtifactStatus,
    RevisionStatus,
)
from institute.catalog.models import Artifact, Commit, Revision
from institute.people.enums import Role
from institute.people.models import User

SEGMENT = {ArtifactKind.MODEL: "", ArtifactKind.DATASET: "datasets/", ArtifactKind.CODE: "spaces/"}


def published(kind: ArtifactKind | None = None) -> QuerySet[Artifact]:
    """What the lists show: active artefacts with a published revision."""
    artifacts = Artifact.objects.filter(status=ArtifactStatus.ACTIVE, latest__isnull=False)
    return artifacts.filter(kind=kind) if kind else artifacts


def for_lists(artifacts: QuerySet[Artifact]) -> QuerySet[Artifact]:
    """With what a line of a list shows."""
    return artifacts.select_related("namespace", "latest", "project")


def newest(kind: ArtifactKind, count: int) -> QuerySet[Artifact]:
    """The latest published of a kind."""
    return for_lists(published(kind)).order_by("-published_at", "-id")[:count]


def published_counts() -> dict[str, int]:
    """How many artefacts of each kind are published."""
    rows = published().order_by().values_list("kind").annotate(n=Count("id"))
    return dict.fromkeys(ArtifactKind.values, 0) | dict(rows)


def artifact_at(kind: ArtifactKind, handle: str, name: str) -> Artifact | None:
    """The artefact with this address, in any case."""
    return (
        Artifact.objects.select_related("namespace", "project", "owner", "latest__commit")
        .filter(kind=kind, namespace__name__iexact=handle, name__iexact=name)
        .first()
    )


def projects_now(user: User, now: datetime) -> QuerySet[Membership, Any]:
    """Ids of the projects whose member the person is."""
    return Membership.objects.filter(user=user, starts_at__lte=now).exclude(ends_at__lte=now).values("project")


def insider_artifacts(user: User, now: datetime) -> QuerySet[Artifact]:
    """The artefacts whose drafts the person may see as owner or member."""
    return Artifact.objects.filter(Q(owner=user) | Q(project__in=projects_now(user, now)))


def may_review(user: User) -> bool:
    """The person reviews what others want to publish."""
    return user.has_role(Role.REVIEWER)


def visible_artifacts(user: object, now: datetime) -> QuerySet[Artifact]:
    """Published ones for everybody; also drafts of their own projects for members, all for staff and reviewers."""
    public = Q(latest__isnull=False, status=ArtifactStatus.ACTIVE)
    if not isinstance(user, User):
        return Artifact.objects.filter(public)
    if user.is_staff or may_review(user):
        return Artifact.objects.all()
    return Artifact.objects.filter(public | Q(owner=user) | Q(project__in=projects_now(user, now)))


def revisions_visible_to(user: object, now: datetime) -> QuerySet[Revision]:
    """Public revisions for everybody, those in review for reviewers, every one for members and staff."""
    public = Q(status__in=PUBLIC_REVISIONS) & ~Q(artifact__status=ArtifactStatus.DISABLED)
    if not isinstance(user, User):
        return Revision.objects.filter(public)
    if user.is_staff:
        return Revision.objects.all()
    seen = public | Q(artifact__owner=user) | Q(artifact__project__in=projects_now(user, now))
    if may_review(user):
        seen |= Q(status=RevisionStatus.IN_REVIEW)
    return Revision.objects.filter(seen)


def readable_commits(user: object, now: datetime) -> QuerySet[Commit]:
    """Commits of revisions that the person may see, and the whole history where they are owner or member."""
    seen = Exists(revisions_visible_to(user, now).filter(commit=OuterRef("pk")))
    if not isinstance(user, User):
        return Commit.objects.filter(seen)
    return Commit.objects.filter(Q(seen) | Q(artifact__in=insider_artifacts(user, now)))


def public_revisions(artifact: Artifact) -> QuerySet[Revision]:
    """Published and withdrawn revisions, newest first."""
    return artifact.revisions.filter(status__in=PUBLIC_REVISIONS).select_related("commit").order_by("-published_at")


def open_revisions(artifact: Artifact) -> QuerySet[Revision]:
    """Revisions on their way to the public, newest first."""
    waiting = [RevisionStatus.CANDIDATE, RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW]
    return artifact.revisions.filter(status__in=waiting).select_related("commit").order_by("-id")


def revision_of_job(job_public_id: str) -> Revision | None:
    """The revision that a job's output became, unless it was dropped."""
    return (
        Revision.objects.filter(job__public_id=job_public_id)
        .exclude(status=RevisionStatus.DROPPED)
        .select_related("artifact__namespace")
        .first()
    )


def next_label(artifact: Artifact) -> str:
    """ "v1", then the first free "v2", "v3" …"""
    taken = set(artifact.revisions.values_list("label", flat=True))
    return next(label for label in (f"v{n}" for n in range(1, len(taken) + 2)) if label not in taken)
