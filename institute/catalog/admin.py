"""Back office: read only, since only actions write."""

from django.contrib import admin

from institute.catalog.models import (
    Artifact,
    Blob,
    Commit,
    Creator,
    EvaluationResult,
    Publication,
    PublicationLink,
    Revision,
    RevisionSource,
)
from institute.core.admin import ReadOnlyAdmin


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin[Artifact]):
    """Models, data sets, code."""

    list_display = ("name", "namespace", "kind", "status", "latest", "published_at")
    list_filter = ("kind", "status")
    list_select_related = ("namespace", "latest__artifact__namespace")
    search_fields = ("name", "public_id")


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin[Revision]):
    """Revisions."""

    list_display = ("artifact", "label", "status", "licence", "published_at")
    list_filter = ("status",)
    list_select_related = ("artifact__namespace",)
    search_fields = ("label", "public_id")


@admin.register(RevisionSource)
class RevisionSourceAdmin(ReadOnlyAdmin[RevisionSource]):
    """What revisions came out of."""

    list_display = ("revision", "relation", "role", "basis")
    list_select_related = ("revision__artifact__namespace",)


@admin.register(Commit)
class CommitAdmin(ReadOnlyAdmin[Commit]):
    """Commits."""

    list_display = ("sha1", "artifact", "author_name", "committed_at")
    list_select_related = ("artifact__namespace",)
    search_fields = ("sha1",)


@admin.register(Blob)
class BlobAdmin(ReadOnlyAdmin[Blob]):
    """Bytes."""

    list_display = ("sha256", "size", "status", "is_text")
    list_filter = ("status",)
    search_fields = ("sha256",)
    exclude = ("inline",)


@admin.register(EvaluationResult)
class EvaluationResultAdmin(ReadOnlyAdmin[EvaluationResult]):
    """Measurements."""

    list_display = ("revision", "metric", "value", "attestation")
    list_select_related = ("revision__artifact__namespace",)


@admin.register(Publication)
class PublicationAdmin(ReadOnlyAdmin[Publication]):
    """Papers."""

    list_display = ("title", "kind", "status", "published_at")
    list_filter = ("status", "kind")
    search_fields = ("title", "doi", "public_id")


@admin.register(PublicationLink)
class PublicationLinkAdmin(ReadOnlyAdmin[PublicationLink]):
    """What papers are about."""

    list_display = ("publication", "artifact", "relation", "status")
    list_select_related = ("publication", "artifact__namespace")


@admin.register(Creator)
class CreatorAdmin(ReadOnlyAdmin[Creator]):
    """Authors."""

    list_display = ("name", "orcid", "ror")
    search_fields = ("name", "orcid")
