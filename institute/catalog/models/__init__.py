"""What the institute keeps and shows: artefacts with their history, bytes, revisions, papers."""

from institute.catalog.models.artifact import Artifact
from institute.catalog.models.blob import Blob, BlobScan, Upload
from institute.catalog.models.credit import Creator, Credit
from institute.catalog.models.evaluation import EvaluationResult
from institute.catalog.models.history import Commit, PathChange, Ref, Tree, TreeEntry
from institute.catalog.models.publication import Publication, PublicationLink
from institute.catalog.models.revision import Revision, RevisionSource

__all__ = [
    "Artifact",
    "Blob",
    "BlobScan",
    "Commit",
    "Creator",
    "Credit",
    "EvaluationResult",
    "PathChange",
    "Publication",
    "PublicationLink",
    "Ref",
    "Revision",
    "RevisionSource",
    "Tree",
    "TreeEntry",
    "Upload",
]
