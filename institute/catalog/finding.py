"""From an address to what it names, as far as the reader may know of it."""

from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone

from institute.catalog.enums import ArtifactKind, ArtifactStatus
from institute.catalog.models import Artifact, Commit, Publication, Revision
from institute.catalog.queries import artifacts, pages, publications, trees, visibility


def artifact_or_404(request: HttpRequest, *, kind: ArtifactKind, handle: str, name: str, **_: Any) -> Artifact:
    """The artefact at an address. Http404 if the reader may not know of it."""
    artifact = artifacts.artifact_at(kind, handle, name)
    if artifact is None:
        raise Http404
    if artifact.latest_id is not None and artifact.status == ArtifactStatus.ACTIVE:
        return artifact
    if not visibility.artifacts_known_to(request.user, timezone.now()).filter(pk=artifact.pk).exists():
        raise Http404
    return artifact


def commit_or_404(request: HttpRequest, artifact: Artifact, rev: str) -> Commit:
    """The commit that a branch, label or id names. Http404 unless the reader may see that very commit."""
    if rev == "main" and artifact.latest is not None and not is_insider(request, artifact):
        return artifact.latest.commit
    commit = trees.commit_named(artifact, rev)
    if commit is None or not visibility.readable_commits(request.user, timezone.now()).filter(pk=commit.pk).exists():
        raise Http404
    return commit


def is_insider(request: HttpRequest, artifact: Artifact) -> bool:
    """The reader works on the artefact."""
    return request.user.has_perm("catalog.edit_artifact", artifact)


def revision_or_404(request: HttpRequest, public_id: str, **_: Any) -> Revision:
    """The revision with this id. Http404 if the reader may not know of it."""
    seen = visibility.revisions_visible_to(request.user, timezone.now()).filter(public_id=public_id)
    revision: Revision | None = pages.for_page(seen).first()
    if revision is None:
        raise Http404
    return revision


def publication_or_404(request: HttpRequest, public_id: str, **_: Any) -> Publication:
    """The paper with this id. Http404 if the reader may not know of it."""
    seen = visibility.publications_visible_to(request.user, timezone.now())
    paper = publications.with_credits(seen.select_related("project")).filter(public_id=public_id).first()
    if paper is None:
        raise Http404
    return paper
