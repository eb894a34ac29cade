"""Promises, conditions and duties."""

from grants.funding.models.compute_terms import ComputeTerms
from grants.funding.models.obligation import Obligation
from grants.funding.models.pledge import Pledge
from grants.funding.models.restriction import Restriction

__all__ = ["ComputeTerms", "Obligation", "Pledge", "Restriction"]
