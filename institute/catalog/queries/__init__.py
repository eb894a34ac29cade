"""Questions about the catalogue; each module answers one kind. Other rooms find here what they ask for."""

from institute.catalog.queries.artifacts import artifact_at, public_revisions, revision_of_job
from institute.catalog.queries.became import papers_paid_by, revisions_paid_by
from institute.catalog.queries.chain import Provenance, provenance
from institute.catalog.queries.verification import Finding, verify_provenance

__all__ = [
    "Finding",
    "Provenance",
    "artifact_at",
    "papers_paid_by",
    "provenance",
    "public_revisions",
    "revision_of_job",
    "revisions_paid_by",
    "verify_provenance",
]
