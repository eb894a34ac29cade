"""Everything that writes projects, requests, allocations and hours."""

from compute.allocations.actions.awards import (
    AwardDraft,
    SourceDraft,
    approve_request,
    close_allocation,
    freeze_allocation,
    lock_source,
    unfreeze_allocation,
)
from compute.allocations.actions.captures import CapturedPart, CaptureResult, capture_hours, capture_overhead
from compute.allocations.actions.deposits import award_hours, deposit_hours
from compute.allocations.actions.holds import HeldPart, hold_hours, release_hours
from compute.allocations.actions.projects import (
    ProjectDraft,
    activate_project,
    add_member,
    archive_project,
    change_project,
    create_project,
    end_membership,
    propose_project,
)
from compute.allocations.actions.refunds import LossPart, LossResult, loss_and_refund
from compute.allocations.actions.requests import (
    LineDraft,
    RequestDraft,
    change_request,
    decline_request,
    draft_request,
    return_request,
    submit_request,
    withdraw_request,
)
from compute.allocations.rules import HoldNeed

__all__ = [
    "AwardDraft",
    "CaptureResult",
    "CapturedPart",
    "HeldPart",
    "HoldNeed",
    "LineDraft",
    "LossPart",
    "LossResult",
    "ProjectDraft",
    "RequestDraft",
    "SourceDraft",
    "activate_project",
    "add_member",
    "approve_request",
    "archive_project",
    "award_hours",
    "capture_hours",
    "capture_overhead",
    "change_project",
    "change_request",
    "close_allocation",
    "create_project",
    "decline_request",
    "deposit_hours",
    "draft_request",
    "end_membership",
    "freeze_allocation",
    "hold_hours",
    "lock_source",
    "loss_and_refund",
    "propose_project",
    "release_hours",
    "return_request",
    "submit_request",
    "unfreeze_allocation",
    "withdraw_request",
]
