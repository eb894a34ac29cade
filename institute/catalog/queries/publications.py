"""Papers: what there is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, prefetch_related_objects

from institute.catalog.enums import PUBLIC_PUBLICATIONS, LinkStatus, PublicationStatus
from institute.catalog.models import Artifact, Credit, Publication, PublicationLink, Revision
from institute.catalog.queries.visibility import publications_visible_to


def published_papers() -> QuerySet[Publication]:
    """What the list of papers shows."""
    return Publication.objects.filter(status__in=PUBLIC_PUBLICATIONS)


def with_credits(publications: QuerySet[Publication]) -> QuerySet[Publication]:
    """With their authors in order."""
    return publications.prefetch_related(_authors())


def read_credits(publications: list[Publication]) -> list[Publication]:
    """The same for papers that have been read."""
    prefetch_related_objects(publications, _authors())
    return publications


def _authors() -> Prefetch[Any]:
    credits_ = Credit.objects.select_related("creator").order_by("position")
    return Prefetch("credits", queryset=credits_, to_attr="authors")


def newest_papers(count: int) -> QuerySet[Publication]:
    """The latest published."""
    return with_credits(published_papers()).order_by("-published_at", "-id")[:count]


def links_of(publication: Publication) -> QuerySet[PublicationLink]:
    """What a paper is about, ready to be listed."""
    return publication.links.select_related("artifact__namespace", "artifact__latest", "revision").order_by("id")


def papers_about(artifact: Artifact) -> QuerySet[Publication]:
    """Published papers with a confirmed link to an artefact, newest first."""
    about = PublicationLink.objects.filter(publication=OuterRef("pk"), artifact=artifact, status=LinkStatus.CONFIRMED)
    return published_papers().filter(Exists(about)).order_by("-published_at", "-id")


def papers_about_revisions(revisions: QuerySet[Revision]) -> QuerySet[Publication]:
    """Published papers about the artefacts of some revisions, newest first."""
    about = PublicationLink.objects.filter(artifact__in=revisions.values("artifact"), status=LinkStatus.CONFIRMED)
    return published_papers().filter(pk__in=about.values("publication")).order_by("-published_at", "-id")


def papers_about_artifacts(revisions: Sequence[Revision]) -> QuerySet[Publication]:
    """Published papers about the artefacts of revisions that have been read, newest first."""
    artifacts = {revision.artifact_id for revision in revisions}
    about = PublicationLink.objects.filter(
        publication=OuterRef("pk"), artifact__in=artifacts, status=LinkStatus.CONFIRMED
    )
    return published_papers().filter(Exists(about)).order_by("-published_at", "-id")


def waiting_for(reader: object, now: datetime) -> QuerySet[Publication]:
    """Papers on their way that a reader may open, newest first."""
    waiting = [PublicationStatus.DRAFT, PublicationStatus.IN_REVIEW]
    return publications_visible_to(reader, now).filter(status__in=waiting).select_related("project").order_by("-id")
