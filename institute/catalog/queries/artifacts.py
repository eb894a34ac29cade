"""Artefacts and their revisions: what there is."""

from django.db.models import Count, QuerySet

from institute.catalog.enums import (
    PUBLIC_REVISIONS,
    ArtifactKind,
    ArtifactStatus,
    RevisionStatus,
)
from institute.catalog.models import Artifact, Revision

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
        .filter(kind=kind, namespace__name__lower=handle.lower(), name__lower=name.lower())
        .first()
    )


def public_revisions(artifact: Artifact) -> QuerySet[Revision]:
    """Published and withdrawn revisions, newest first."""
    return artifact.revisions.filter(status__in=PUBLIC_REVISIONS).select_related("commit").order_by("-published_at")


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
