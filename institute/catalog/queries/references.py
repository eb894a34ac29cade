"""How jobs name what they read: `<handle>/<name>@<label or commit>`; data sets begin with `datasets/`."""

from datetime import datetime

from django.db.models import Q, QuerySet

from institute.catalog.enums import PUBLIC_REVISIONS, ArtifactKind, RevisionStatus
from institute.catalog.models import Revision
from institute.catalog.queries.visibility import own_artifacts
from institute.people.models import User

KINDS = {"model": ArtifactKind.MODEL, "dataset": ArtifactKind.DATASET}
DATASETS = "datasets/"


def reference_of(revision: Revision) -> str:
    """The text that names exactly this revision."""
    prefix = DATASETS if revision.artifact.kind == ArtifactKind.DATASET else ""
    return f"{prefix}{revision.artifact}@{revision.label}"


def usable_by(user: User, kind: str, now: datetime) -> QuerySet[Revision]:
    """Revisions that a person's job may read: published ones, and drafts of their own projects; newest first."""
    own = Q(artifact__in=own_artifacts(user, now), status__in=[RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW])
    return (
        Revision.objects.filter(Q(status=RevisionStatus.PUBLISHED) | own, artifact__kind=KINDS[kind])
        .select_related("artifact__namespace")
        .order_by("-id")
    )


def revision_named(reference: str) -> Revision | None:
    """The revision that a reference names; without a label the published one. None if there is none."""
    kind = ArtifactKind.DATASET if reference.startswith(DATASETS) else ArtifactKind.MODEL
    path, _, rev = reference.removeprefix(DATASETS).partition("@")
    handle, _, name = path.partition("/")
    revisions = Revision.objects.select_related("artifact__namespace", "commit").filter(
        artifact__kind=kind,
        artifact__namespace__name__lower=handle.lower(),
        artifact__name__lower=name.lower(),
    )
    if not rev:
        return revisions.filter(status__in=PUBLIC_REVISIONS).order_by("status", "-published_at").first()
    found = revisions.exclude(status=RevisionStatus.DROPPED)
    by_label = found.filter(label=rev).first()
    if by_label is None and len(rev) >= 7:
        return found.filter(commit__sha1__startswith=rev.lower()).order_by("id").first()
    return by_label
