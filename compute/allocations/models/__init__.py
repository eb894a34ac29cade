"""Projects, their requests and allocations, and the hours ledger."""

from compute.allocations.models.allocation import Allocation, AllocationSource
from compute.allocations.models.hours import HoursAccount, HoursDay, HoursLine, HoursTransaction
from compute.allocations.models.membership import Membership
from compute.allocations.models.project import Project
from compute.allocations.models.request import Request, RequestLine

__all__ = [
    "Allocation",
    "AllocationSource",
    "HoursAccount",
    "HoursDay",
    "HoursLine",
    "HoursTransaction",
    "Membership",
    "Project",
    "Request",
    "RequestLine",
]
