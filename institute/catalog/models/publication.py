from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from institute.catalog.enums import (
    LINK_TRANSITIONS,
    PUBLIC_PUBLICATIONS,
    PUBLICATION_TRANSITIONS,
    LinkStatus,
    PublicationKind,
    PublicationRelation,
    PublicationStatus,
)
from institute.core.models import Entity


class Publication(Entity):
    """A paper, and what it says about models, data and code. `language` is that of the text itself."""

    transitions = PUBLICATION_TRANSITIONS

    project = models.ForeignKey(
        "allocations.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="publications"
    )
    kind = models.CharField(_("kind"), max_length=16, choices=PublicationKind.choices)
    title = models.CharField(_("title"), max_length=300)
    abstract = models.TextField(_("abstract"), max_length=10_000, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    venue = models.CharField(_("venue"), max_length=200, blank=True)
    published_on = models.DateField(_("date of the paper"), null=True, blank=True)
    arxiv_id = models.CharField("arXiv", max_length=32, blank=True)
    doi = models.CharField("DOI", max_length=128, blank=True)
    pdf = models.ForeignKey("catalog.Blob", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=16, choices=PublicationStatus.choices, default=PublicationStatus.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["doi"], condition=~Q(doi=""), name="publication_doi_once"),
            models.UniqueConstraint(fields=["arxiv_id"], condition=~Q(arxiv_id=""), name="publication_arxiv_once"),
            models.CheckConstraint(condition=Q(kind__in=PublicationKind.values), name="publication_kind_known"),
            models.CheckConstraint(condition=Q(status__in=PublicationStatus.values), name="publication_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=PUBLIC_PUBLICATIONS, published_at__isnull=False)
                | (~Q(status__in=PUBLIC_PUBLICATIONS) & Q(published_at__isnull=True)),
                name="publication_published_with_instant",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-published_at", "-id"],
                condition=Q(status__in=PUBLIC_PUBLICATIONS),
                name="publication_newest",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its own page."""
        return reverse("catalog:publication-detail", kwargs={"public_id": self.public_id})


class PublicationLink(Entity):
    """A paper introduces, uses or evaluates an artefact, or exactly one revision of it."""

    transitions = LINK_TRANSITIONS

    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="links")
    artifact = models.ForeignKey("catalog.Artifact", on_delete=models.PROTECT, related_name="publication_links")
    revision = models.ForeignKey(
        "catalog.Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="publication_links"
    )
    relation = models.CharField(max_length=16, choices=PublicationRelation.choices)
    status = models.CharField(max_length=16, choices=LinkStatus.choices, default=LinkStatus.PROPOSED)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "artifact", "revision", "relation"],
                nulls_distinct=False,
                name="publication_link_once",
            ),
            models.CheckConstraint(
                condition=Q(relation__in=PublicationRelation.values), name="publication_link_relation_known"
            ),
            models.CheckConstraint(condition=Q(status__in=LinkStatus.values), name="publication_link_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.publication_id} {self.relation} {self.artifact_id}"
