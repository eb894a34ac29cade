"""Who may do what in the catalogue, and what may be published."""

from institute.catalog.rules.access import (
    is_independent,
    is_lead_of,
    is_member_of,
    may_create_under,
    require_independent,
)
from institute.catalog.rules.papers import publication_checks, require_presentable
from institute.catalog.rules.paths import check_paths
from institute.catalog.rules.publishing import Check, checks_of, require_publishable

__all__ = [
    "Check",
    "check_paths",
    "checks_of",
    "is_independent",
    "is_lead_of",
    "is_member_of",
    "may_create_under",
    "publication_checks",
    "require_independent",
    "require_presentable",
    "require_publishable",
]
