"""Pages of institute.catalog. Included last: most addresses begin with a handle."""

from django.urls import URLPattern, path, register_converter

from institute.catalog.enums import ArtifactKind
from institute.catalog.queries.artifacts import SEGMENT
from institute.catalog.views import artifacts, authoring, files, home, lists, papers, review, revisions


class NameConverter:
    """A handle or an artefact's name: no slash, never "." or ".."."""

    regex = "[A-Za-z0-9][A-Za-z0-9_.-]{0,95}"

    def to_python(self, value: str) -> str:
        """The name as it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """The name as it stands in the address."""
        return value


register_converter(NameConverter, "name")

app_name = "catalog"


def of_kind(kind: ArtifactKind) -> list[URLPattern]:
    """The addresses below one artefact: the same for models, data sets and code."""
    base = f"{SEGMENT[kind]}<name:handle>/<name:name>"
    given = {"kind": kind}
    return [
        path(base, artifacts.artifact_detail, given, name=f"{kind}-detail"),
        path(f"{base}/provenance.json", artifacts.provenance_json, given, name=f"{kind}-provenance"),
        path(f"{base}/cite.bib", artifacts.cite, given, name=f"{kind}-cite"),
        path(f"{base}/revisions", lists.revisions_of, given, name=f"{kind}-revision-list"),
        path(f"{base}/commits/<str:rev>", files.history, given, name=f"{kind}-history"),
        path(f"{base}/tree/<str:rev>", files.tree, given, name=f"{kind}-tree"),
        path(f"{base}/blob/<str:rev>/<path:path>", files.file_page, given, name=f"{kind}-file"),
        path(f"{base}/resolve/<str:rev>/<path:path>", files.download, given, name=f"{kind}-download"),
        path(f"{base}/upload", authoring.upload, given, name=f"{kind}-upload"),
        path(f"{base}/draft", authoring.draft, given, name=f"{kind}-draft"),
    ]


urlpatterns = [
    path("", home.home, name="home"),
    path("search", home.search, name="search"),
    path("models", lists.model_list, name="model-list"),
    path("datasets", lists.dataset_list, name="dataset-list"),
    path("code", lists.code_list, name="code-list"),
    path("papers", lists.paper_list, name="paper-list"),
    path("new/paper", papers.paper_create, name="publication-create"),
    path("new/<str:kind>", authoring.artifact_create, name="artifact-create"),
    path("new/revision/<str:job_id>", authoring.draft_from_job, name="revision-from-job"),
    path("papers/<str:public_id>", papers.paper_detail, name="publication-detail"),
    path("papers/<str:public_id>/cite.bib", papers.cite, name="publication-cite"),
    path("papers/<str:public_id>/edit", papers.paper_edit, name="publication-edit"),
    path("papers/<str:public_id>/propose", papers.paper_propose, name="publication-propose"),
    path("papers/<str:public_id>/approve", papers.paper_approve, name="publication-approve"),
    path("papers/<str:public_id>/return", papers.paper_return, name="publication-return"),
    path("papers/<str:public_id>/retract", papers.paper_retract, name="publication-retract"),
    path("revisions", lists.revision_list, name="revision-list"),
    path("revisions/<str:public_id>", revisions.revision_detail, name="revision-detail"),
    path("revisions/<str:public_id>/card", revisions.revision_card, name="revision-card"),
    path("revisions/<str:public_id>/describe", revisions.revision_describe, name="revision-describe"),
    path("revisions/<str:public_id>/acknowledge", revisions.revision_acknowledge, name="revision-acknowledge"),
    path("revisions/<str:public_id>/propose", revisions.revision_propose, name="revision-propose"),
    path("revisions/<str:public_id>/drop", revisions.revision_drop, name="revision-drop"),
    path("revisions/<str:public_id>/approve", review.revision_approve, name="revision-approve"),
    path("revisions/<str:public_id>/return", review.revision_return, name="revision-return"),
    path("revisions/<str:public_id>/withdraw", review.revision_withdraw, name="revision-withdraw"),
    *of_kind(ArtifactKind.DATASET),
    *of_kind(ArtifactKind.CODE),
    *of_kind(ArtifactKind.MODEL),
    path("<name:handle>", lists.namespace, name="namespace"),
]
