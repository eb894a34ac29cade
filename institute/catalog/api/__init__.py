"""API of institute.catalog."""

from django.urls import path

from institute.catalog.api import artifacts, publications, revisions
from institute.core.api import verb_view

api_urlpatterns = [
    path("artifacts", artifacts.ArtifactList.as_view(), name="artifact-list"),
    path("artifacts/<str:public_id>", artifacts.ArtifactDetail.as_view(), name="artifact-detail"),
    path("artifacts/<str:public_id>/uploads", artifacts.UploadList.as_view(), name="artifact-uploads"),
    path("artifacts/<str:public_id>/uploads/<str:sha256>", artifacts.UploadBody.as_view(), name="artifact-upload"),
    path("artifacts/<str:public_id>/commits", artifacts.CommitList.as_view(), name="artifact-commits"),
    path("artifacts/<str:public_id>/files", artifacts.FileList.as_view(), name="artifact-files"),
    path("artifacts/<str:public_id>/provenance", artifacts.ArtifactProvenance.as_view(), name="artifact-provenance"),
    path("revisions", revisions.RevisionList.as_view(), name="revision-list"),
    path("revisions/<str:public_id>", revisions.RevisionDetail.as_view(), name="revision-detail"),
    path("revisions/<str:public_id>/checks", revisions.RevisionChecks.as_view(), name="revision-checks"),
    path("revisions/<str:public_id>/results", revisions.RevisionResults.as_view(), name="revision-results"),
    path("revisions/<str:public_id>/provenance", revisions.RevisionProvenance.as_view(), name="revision-provenance"),
    *[
        path(
            f"revisions/<str:public_id>/{verb}", verb_view(revisions.RevisionVerb, verb, takes), name=f"revision-{verb}"
        )
        for verb, (_permission, _action, takes) in revisions.VERBS.items()
    ],
    path("publications", publications.PublicationList.as_view(), name="publication-list"),
    path("publications/<str:public_id>", publications.PublicationDetail.as_view(), name="publication-detail"),
    *[
        path(
            f"publications/<str:public_id>/{verb}",
            verb_view(publications.PublicationVerb, verb, takes),
            name=f"publication-{verb}",
        )
        for verb, (_permission, _action, takes) in publications.VERBS.items()
    ],
]
