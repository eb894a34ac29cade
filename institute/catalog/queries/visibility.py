"""Who may know of what, said once: lists, permissions, pages and files all ask here. Whatever is not known is 404.

| who | artefacts, revisions and their files | papers |
|---|---|---|
| everybody | what is published; of what is withdrawn the page that says so | published, corrected, retracted |
| reviewers | also what is proposed | also what is proposed |
| its own people | all of it: the project's members, the person, operations for the institute's | all of it |
| administrators | everything | everything |

Other roles of the staff add nothing here.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from compute.allocations.queries import open_memberships
from compute.jobs.models import Job
from compute.tracking.models import Run
from institute.catalog.enums import (
    PUBLIC_PUBLICATIONS,
    PUBLIC_REVISIONS,
    ArtifactStatus,
    PublicationStatus,
    RevisionStatus,
)
from institute.catalog.models import Artifact, Commit, Publication, Revision
from institute.people.enums import HandleKind, Role
from institute.people.models import User


def _person(reader: object) -> User | None:
    return reader if isinstance(reader, User) and reader.is_active else None


def _own(user: User, now: datetime, prefix: str = "") -> Q:
    """Belongs to the person, to a project of theirs, or to the institute for which they act."""
    projects = open_memberships(now).filter(user=user).values("project")
    own = Q(**{f"{prefix}owner": user}) | Q(**{f"{prefix}project__in": projects})
    if Role.OPERATIONS in user.roles:
        own |= Q(**{f"{prefix}namespace__kind": HandleKind.INSTITUTE})
    return own


def own_artifacts(user: User, now: datetime) -> QuerySet[Artifact]:
    """Those on which the person works."""
    return Artifact.objects.filter(_own(user, now))


def artifacts_visible_to(reader: object, now: datetime) -> QuerySet[Artifact]:
    """The artefacts that lists may show to a reader."""
    public = Q(latest__isnull=False, status=ArtifactStatus.ACTIVE)
    user = _person(reader)
    if user is None:
        return Artifact.objects.filter(public)
    if user.has_role(Role.ADMIN):
        return Artifact.objects.all()
    seen = public | _own(user, now)
    if user.has_role(Role.REVIEWER):
        seen |= Q(Exists(Revision.objects.filter(artifact=OuterRef("pk"), status=RevisionStatus.IN_REVIEW)))
    return Artifact.objects.filter(seen)


def artifacts_known_to(reader: object, now: datetime) -> QuerySet[Artifact]:
    """Those whose address answers: also where everything is withdrawn, for the page that says so."""
    withdrawn = Exists(Revision.objects.filter(artifact=OuterRef("pk"), status=RevisionStatus.WITHDRAWN))
    listed = artifacts_visible_to(reader, now).values("pk")
    return Artifact.objects.filter(Q(pk__in=listed) | (Q(status=ArtifactStatus.ACTIVE) & withdrawn))


def revisions_visible_to(reader: object, now: datetime) -> QuerySet[Revision]:
    """The revisions that a reader may open."""
    public = Q(status__in=PUBLIC_REVISIONS) & ~Q(artifact__status=ArtifactStatus.DISABLED)
    user = _person(reader)
    if user is None:
        return Revision.objects.filter(public)
    if user.has_role(Role.ADMIN):
        return Revision.objects.all()
    seen = public | _own(user, now, "artifact__")
    if user.has_role(Role.REVIEWER):
        seen |= Q(status=RevisionStatus.IN_REVIEW)
    return Revision.objects.filter(seen)


def revision_of_job_for(reader: object, job: Job, now: datetime) -> tuple[Revision | None, bool]:
    """The revision that a job's output became, unless it was dropped, and whether the reader may open it."""
    seen = revisions_visible_to(reader, now).filter(pk=OuterRef("pk"))
    kept = Revision.objects.filter(job=job).exclude(status=RevisionStatus.DROPPED)
    found: Any = kept.select_related("artifact__namespace").annotate(is_seen=Exists(seen)).first()
    return found, found is not None and found.is_seen


def open_revisions(artifact: Artifact, reader: object, now: datetime) -> QuerySet[Revision]:
    """Revisions of an artefact on their way to the public that a reader may open, newest first."""
    waiting = [RevisionStatus.CANDIDATE, RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW]
    return revisions_visible_to(reader, now).filter(artifact=artifact, status__in=waiting).order_by("-id")


def readable_commits(reader: object, now: datetime) -> QuerySet[Commit]:
    """Commits of the revisions that a reader may open, and the whole history of what is their own."""
    seen = Q(Exists(revisions_visible_to(reader, now).filter(commit=OuterRef("pk"))))
    user = _person(reader)
    if user is None:
        return Commit.objects.filter(seen)
    if user.has_role(Role.ADMIN):
        return Commit.objects.all()
    return Commit.objects.filter(seen | _own(user, now, "artifact__"))


def is_run_published(run: Run) -> bool:
    """A published revision, not a withdrawn one, came from its job: then its numbers are public too."""
    shown = Revision.objects.filter(status=RevisionStatus.PUBLISHED, artifact__status=ArtifactStatus.ACTIVE)
    return run.job_id is not None and shown.filter(job=run.job_id).exists()


def publications_visible_to(reader: object, now: datetime) -> QuerySet[Publication]:
    """The papers that a reader may open."""
    public = Q(status__in=PUBLIC_PUBLICATIONS)
    user = _person(reader)
    if user is None:
        return Publication.objects.filter(public)
    if user.has_role(Role.ADMIN):
        return Publication.objects.all()
    seen = public | Q(project__in=open_memberships(now).filter(user=user).values("project"))
    if user.has_role(Role.REVIEWER):
        seen |= Q(status=PublicationStatus.IN_REVIEW)
    return Publication.objects.filter(seen)
