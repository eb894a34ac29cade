"""Lists: what is public, what is on its way, what a handle holds."""

from typing import ClassVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from grants.donors.queries import public_donors
from institute.catalog.enums import (
    PUBLIC_PUBLICATIONS,
    ArtifactKind,
    PublicationKind,
    RevisionStatus,
)
from institute.catalog.finding import artifact_or_404
from institute.catalog.models import Artifact, Publication, Revision
from institute.catalog.queries import artifacts, became, publications, visibility
from institute.core.ui import badges, formats, listing
from institute.core.ui.listing.spec import Options
from institute.people.access import signed_in
from institute.people.models import User
from institute.people.queries import handle_named

MOST_OPTIONS = 100


def licences_of(kind: ArtifactKind) -> Options:
    """The licences that occur among what is published, for the filter."""
    names = artifacts.published(kind).exclude(licence="").order_by("licence").values_list("licence", flat=True)
    return [(name, name) for name in names.distinct()[:MOST_OPTIONS]]


def _donor_options(request: HttpRequest) -> Options:
    return [(donor.public_id, donor.name) for donor in public_donors()[:MOST_OPTIONS]]


def _paid_by(rows: QuerySet[Artifact], public_id: str) -> QuerySet[Artifact]:
    donor = public_donors().filter(public_id=public_id).first()
    return rows.filter(latest__in=became.revisions_paid_by(donor).order_by()) if donor else rows.none()


class ArtifactListing(listing.Listing[Artifact]):
    """What models, data sets and code have in common."""

    search: ClassVar = ["name", "summary", "namespace__name", "licence"]
    columns: ClassVar = [
        listing.Column(
            "name",
            _("Name"),
            lambda row: str(row),
            show=lambda row: row.name,
            url=lambda row: row.get_absolute_url(),
            detail=lambda row: row.summary,
            sort="name",
        ),
        listing.Column("namespace", _("From"), lambda row: row.namespace.name, sort="namespace__name"),
        listing.Column("licence", _("Licence"), lambda row: row.licence),
        listing.Column("revision", _("Revision"), lambda row: row.latest.label),
        listing.Column(
            "size",
            _("Size"),
            lambda row: row.latest.n_bytes,
            show=lambda row: formats.size(row.latest.n_bytes),
            sort="latest__n_bytes",
            is_number=True,
            unit=_("bytes"),
        ),
        listing.Column(
            "published",
            _("Published"),
            lambda row: row.published_at,
            show=lambda row: formats.when(row.published_at),
            sort="published_at",
        ),
    ]
    default_sort = "-published"


class ModelListing(ArtifactListing):
    """Published models."""

    title = _("Models")
    lede = _("Every model comes with its data, its measurements and its bill.")
    filters: ClassVar = [
        listing.Filter("licence", _("Licence"), lambda request: licences_of(ArtifactKind.MODEL)),
        listing.Filter("donor", _("Donor"), _donor_options, apply=_paid_by),
    ]
    empty = listing.Empty(_("No models yet"), _("The first one appears here once a reviewer has approved it."))


class DatasetListing(ArtifactListing):
    """Published data sets."""

    title = _("Data")
    lede = _("Data sets that models here were trained and measured on.")
    filters: ClassVar = [listing.Filter("licence", _("Licence"), lambda request: licences_of(ArtifactKind.DATASET))]
    empty = listing.Empty(_("No data sets yet"), _("The first one appears here once a reviewer has approved it."))


class CodeListing(ArtifactListing):
    """Published code."""

    title = _("Code")
    lede = _("Code that goes with the models and papers.")
    filters: ClassVar = [listing.Filter("licence", _("Licence"), lambda request: licences_of(ArtifactKind.CODE))]
    empty = listing.Empty(_("No code yet"), _("The first code base appears here once a reviewer has approved it."))


LISTINGS = {
    ArtifactKind.MODEL: ModelListing,
    ArtifactKind.DATASET: DatasetListing,
    ArtifactKind.CODE: CodeListing,
}


class PaperListing(listing.Listing[Publication]):
    """Published papers."""

    title = _("Papers")
    lede = _("What was found out with the hours that donors lent.")
    search: ClassVar = ["title", "abstract", "venue", "credits__creator__name"]
    filters: ClassVar = [listing.Filter("kind", _("Kind"), PublicationKind)]
    columns: ClassVar = [
        listing.Column(
            "title",
            _("Title"),
            lambda paper: paper.title,
            url=lambda paper: paper.get_absolute_url(),
            detail=lambda paper: ", ".join(credit.creator.name for credit in paper.authors[:6]),
            sort="title",
        ),
        listing.Column("kind", _("Kind"), lambda paper: paper.get_kind_display()),
        listing.Column("venue", _("Venue"), lambda paper: paper.venue),
        listing.Column(
            "published",
            _("Published"),
            lambda paper: paper.published_at,
            show=lambda paper: formats.when(paper.published_on or paper.published_at),
            sort="published_at",
        ),
    ]
    default_sort = "-published"
    empty = listing.Empty(_("No papers yet"), _("The first one appears here once a reviewer has approved it."))

    @classmethod
    def find(cls, queryset: QuerySet[Publication], text: str) -> QuerySet[Publication]:
        """Authors are many to a paper, so each paper is named once."""
        hits = super().find(Publication.objects.filter(status__in=PUBLIC_PUBLICATIONS), text)
        return queryset.filter(pk__in=hits.values("pk"))


class RevisionListing(listing.Listing[Revision]):
    """What is not public yet."""

    title = _("Drafts and reviews")
    lede = _("What your projects prepare, and what waits for a reviewer.")
    search: ClassVar = ["artifact__name", "artifact__namespace__name", "label"]
    filters: ClassVar = [
        listing.Filter(
            "status",
            _("Status"),
            [
                (status.value, status.label)
                for status in (RevisionStatus.CANDIDATE, RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW)
            ],
        )
    ]
    columns: ClassVar = [
        listing.Column(
            "name", _("Revision"), str, url=lambda row: row.get_absolute_url(), detail=lambda row: row.job or ""
        ),
        listing.Column("kind", _("Kind"), lambda row: row.artifact.get_kind_display()),
        listing.Column("licence", _("Licence"), lambda row: row.licence),
        listing.Column("status", _("Status"), lambda row: row.status, show=badges.badge_for),
        listing.Column(
            "created", _("Since"), lambda row: row.created_at, show=lambda row: formats.when(row.created_at), sort="id"
        ),
    ]
    default_sort = "-created"
    empty = listing.Empty(
        _("Nothing is being prepared"),
        _("Open a job that has succeeded and draft a model from it, or upload a data set."),
    )


def _artifact_list(request: HttpRequest, kind: ArtifactKind) -> HttpResponseBase:
    rows = artifacts.for_lists(artifacts.published(kind))
    return listing.render(
        request, LISTINGS[kind], queryset=rows, template="catalog/artifact_list.html", context={"kind": kind}
    )


@require_safe
def model_list(request: HttpRequest) -> HttpResponseBase:
    """Every published model."""
    return _artifact_list(request, ArtifactKind.MODEL)


@require_safe
def dataset_list(request: HttpRequest) -> HttpResponseBase:
    """Every published data set."""
    return _artifact_list(request, ArtifactKind.DATASET)


@require_safe
def code_list(request: HttpRequest) -> HttpResponseBase:
    """Every published code base."""
    return _artifact_list(request, ArtifactKind.CODE)


@require_safe
def paper_list(request: HttpRequest) -> HttpResponseBase:
    """Every published paper."""
    rows = publications.with_credits(publications.published_papers())
    return listing.render(request, PaperListing, queryset=rows, template="catalog/paper_list.html")


@signed_in
@require_safe
def revision_list(request: HttpRequest) -> HttpResponseBase:
    """Candidates, drafts and proposals that the person may see."""
    rows = (
        visibility.revisions_visible_to(request.user, timezone.now())
        .filter(status__in=[RevisionStatus.CANDIDATE, RevisionStatus.DRAFT, RevisionStatus.IN_REVIEW])
        .select_related("artifact__namespace", "job")
    )
    context = {"papers": list(publications.waiting_for(request.user, timezone.now())[:MOST_OPTIONS])}
    return listing.render(
        request, RevisionListing, queryset=rows, template="catalog/revision_list.html", context=context
    )


class HistoryListing(listing.Listing[Revision]):
    """Every public revision of an artefact."""

    title = _("Revisions")
    columns: ClassVar = [
        listing.Column(
            "label",
            _("Revision"),
            lambda row: row.label,
            url=lambda row: row.get_absolute_url(),
            detail=lambda row: row.notes,
        ),
        listing.Column("status", _("Status"), lambda row: row.status, show=badges.badge_for),
        listing.Column("licence", _("Licence"), lambda row: row.licence),
        listing.Column(
            "published",
            _("Published"),
            lambda row: row.published_at,
            show=lambda row: formats.when(row.published_at),
            sort="published_at",
        ),
    ]
    search: ClassVar = ["label", "notes"]
    default_sort = "-published"


@require_safe
def revisions_of(request: HttpRequest, kind: ArtifactKind, handle: str, name: str) -> HttpResponseBase:
    """Every public revision of a model, data set or code base."""
    artifact = artifact_or_404(request, kind=kind, handle=handle, name=name)
    rows = artifacts.public_revisions(artifact)
    template, context = "catalog/revision_history.html", {"artifact": artifact}
    return listing.render(request, HistoryListing, queryset=rows, template=template, context=context)


@require_safe
def namespace(request: HttpRequest, handle: str) -> HttpResponse:
    """What a project or person has published; members also see what they prepare."""
    found = handle_named(handle)
    if found is None:
        raise Http404
    rows = artifacts.for_lists(visibility.artifacts_visible_to(request.user, timezone.now()).filter(namespace=found))
    shown = list(rows.order_by("-published_at", "-id")[:MOST_OPTIONS])
    may_create = isinstance(request.user, User) and request.user.has_perm("catalog.create_artifact", found)
    if not shown and not may_create:
        raise Http404
    kinds = [(kind, [row for row in shown if row.kind == kind]) for kind in ArtifactKind]
    owner = next((row.project for row in shown if row.project), None)
    context = {"handle": found, "kinds": [pair for pair in kinds if pair[1]], "owner": owner, "may_create": may_create}
    return render(request, "catalog/namespace.html", context)
