"""The only code that writes the catalogue's tables."""

from institute.catalog.actions.artifacts import create_artifact, describe_artifact
from institute.catalog.actions.blobs import receive_upload, store_blob, upload_file, upload_files
from institute.catalog.actions.commits import Delete, FileChange, Put, commit_files
from institute.catalog.actions.from_job import draft_revision_from_job
from institute.catalog.actions.publications import (
    CreditDraft,
    LinkDraft,
    PublicationDraft,
    approve_publication,
    create_publication,
    edit_publication,
    propose_publication,
    retract_publication,
    return_publication,
)
from institute.catalog.actions.review import (
    approve_revision,
    drop_revision,
    propose_revision,
    return_revision,
    withdraw_revision,
)
from institute.catalog.actions.revisions import (
    acknowledge_in_card,
    adopt_candidate,
    describe_revision,
    draft_revision,
    edit_card,
)

__all__ = [
    "CreditDraft",
    "Delete",
    "FileChange",
    "LinkDraft",
    "PublicationDraft",
    "Put",
    "acknowledge_in_card",
    "adopt_candidate",
    "approve_publication",
    "approve_revision",
    "commit_files",
    "create_artifact",
    "create_publication",
    "describe_artifact",
    "describe_revision",
    "draft_revision",
    "draft_revision_from_job",
    "drop_revision",
    "edit_card",
    "edit_publication",
    "propose_publication",
    "propose_revision",
    "receive_upload",
    "retract_publication",
    "return_publication",
    "return_revision",
    "store_blob",
    "upload_file",
    "upload_files",
    "withdraw_revision",
]
