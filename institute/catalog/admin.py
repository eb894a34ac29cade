"""Back office: read only, since only actions write."""

from typing import Generic, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

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

M = TypeVar("M", bound=Model)


class CatalogAdmin(ReadOnlyAdmin[M], Generic[M]):
    """A table of the catalogue: what is not public is for administrators alone."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators see the section."""
        return request.user.has_perm("catalog.view_all")

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Administrators see every row."""
        return request.user.has_perm("catalog.view_all")


@admin.register(Artifact)
class ArtifactAdmin(CatalogAdmin[Artifact]):
    """Models, data sets, code."""

    list_display = ("name", "namespace", "kind", "status", "latest", "published_at")
    list_filter = ("kind", "status")
    list_select_related = ("namespace", "latest__artifact__namespace")
    search_fields = ("name", "public_id")


@admin.register(Revision)
class RevisionAdmin(CatalogAdmin[Revision]):
    """Revisions."""

    list_display = ("artifact", "label", "status", "licence", "published_at")
    list_filter = ("status",)
    list_select_related = ("artifact__namespace",)
    search_fields = ("label", "public_id")


@admin.register(RevisionSource)
class RevisionSourceAdmin(CatalogAdmin[RevisionSource]):
    """What revisions came out of."""

    list_display = ("revision", "relation", "role", "basis")
    list_select_related = ("revision__artifact__namespace",)


@admin.register(Commit)
class CommitAdmin(CatalogAdmin[Commit]):
    """Commits."""

    list_display = ("sha1", "artifact", "author_name", "committed_at")
    list_select_related = ("artifact__namespace",)
    search_fields = ("sha1",)


@admin.register(Blob)
class BlobAdmin(CatalogAdmin[Blob]):
    """Bytes."""

    list_display = ("sha256", "size", "status", "is_text")
    list_filter = ("status",)
    search_fields = ("sha256",)
    exclude = ("inline",)


@admin.register(EvaluationResult)
class EvaluationResultAdmin(CatalogAdmin[EvaluationResult]):
    """Measurements."""

    list_display = ("revision", "metric", "value", "attestation")
    list_select_related = ("revision__artifact__namespace",)


@admin.register(Publication)
class PublicationAdmin(CatalogAdmin[Publication]):
    """Papers."""

    list_display = ("title", "kind", "status", "published_at")
    list_filter = ("status", "kind")
    search_fields = ("title", "doi", "public_id")


@admin.register(PublicationLink)
class PublicationLinkAdmin(CatalogAdmin[PublicationLink]):
    """What papers are about."""

    list_display = ("publication", "artifact", "relation", "status")
    list_select_related = ("publication", "artifact__namespace")


@admin.register(Creator)
class CreatorAdmin(CatalogAdmin[Creator]):
    """Authors."""

    list_display = ("name", "orcid", "ror")
    search_fields = ("name", "orcid")
