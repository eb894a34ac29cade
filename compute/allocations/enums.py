"""Kinds and statuses of projects, requests, allocations and the hours ledger."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from institute.core.enums import Transitions


class ProjectStatus(models.TextChoices):
    """Whether a project works."""

    PROPOSED = "proposed", _("proposed")
    ACTIVE = "active", _("active")
    ARCHIVED = "archived", _("archived")


PROJECT_TRANSITIONS: Transitions[ProjectStatus] = {
    ProjectStatus.PROPOSED: {ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED},
    ProjectStatus.ACTIVE: {ProjectStatus.ARCHIVED},
    ProjectStatus.ARCHIVED: {ProjectStatus.ACTIVE},
}


class Purpose(models.TextChoices):
    """What a project works for; donors may exclude commerce."""

    NON_COMMERCIAL = "non_commercial", _("research without a commercial aim")
    COMMERCIAL = "commercial", _("with a commercial aim")


class DataClass(models.TextChoices):
    """How sensitive a project's data are, least first."""

    PUBLIC = "public", pgettext_lazy("data", "public")
    INTERNAL = "internal", pgettext_lazy("data", "internal")
    PERSONAL = "personal", pgettext_lazy("data", "personal")
    SPECIAL = "special", _("special categories of personal data")


class Openness(models.TextChoices):
    """How open a licence is, least first."""

    ANY = "any", _("any licence")
    OSI_OR_CC = "osi_or_cc", _("an open licence (OSI or Creative Commons)")
    PERMISSIVE = "permissive", _("a permissive open licence")


class MemberRole(models.TextChoices):
    """What a person may do within one project."""

    LEAD = "lead", _("lead")
    MEMBER = "member", _("member")


class RequestKind(models.TextChoices):
    """What is asked for."""

    NEW = "new", _("new allocation")
    RENEW = "renew", _("renewal")
    SUPPLEMENT = "supplement", _("supplement")


class RequestStatus(models.TextChoices):
    """Where a request stands."""

    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    IN_REVIEW = "in_review", _("in review")
    RETURNED = "returned", _("returned for changes")
    APPROVED = "approved", _("approved")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


REQUEST_TRANSITIONS: Transitions[RequestStatus] = {
    RequestStatus.DRAFT: {RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN},
    # Straight to a decision until reviews exist.
    RequestStatus.SUBMITTED: {
        RequestStatus.IN_REVIEW,
        RequestStatus.APPROVED,
        RequestStatus.DECLINED,
        RequestStatus.RETURNED,
        RequestStatus.WITHDRAWN,
    },
    RequestStatus.IN_REVIEW: {
        RequestStatus.APPROVED,
        RequestStatus.DECLINED,
        RequestStatus.RETURNED,
        RequestStatus.WITHDRAWN,
    },
    RequestStatus.RETURNED: {RequestStatus.SUBMITTED, RequestStatus.WITHDRAWN},
    RequestStatus.APPROVED: set(),
    RequestStatus.DECLINED: set(),
    RequestStatus.WITHDRAWN: set(),
}
REQUEST_WAITING = (RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW)
REQUEST_EDITABLE = (RequestStatus.DRAFT, RequestStatus.RETURNED)


class AllocationStatus(models.TextChoices):
    """Whether hours of an allocation may be held. Past its end it stays active: "usable" is computed."""

    ACTIVE = "active", pgettext_lazy("allocation", "active")
    FROZEN = "frozen", _("frozen")
    REVOKED = "revoked", _("revoked")
    CLOSED = "closed", pgettext_lazy("allocation", "closed")


ALLOCATION_TRANSITIONS: Transitions[AllocationStatus] = {
    AllocationStatus.ACTIVE: {AllocationStatus.FROZEN, AllocationStatus.REVOKED, AllocationStatus.CLOSED},
    AllocationStatus.FROZEN: {AllocationStatus.ACTIVE, AllocationStatus.REVOKED, AllocationStatus.CLOSED},
    AllocationStatus.REVOKED: set(),
    AllocationStatus.CLOSED: set(),
}


class AccountKind(models.TextChoices):
    """Where accelerator-seconds of a pledge may lie: first those of the pledge, then those of a source."""

    PLEDGED = "pledged", _("pledged")
    UNALLOCATED = "unallocated", _("unallocated")
    OVERHEAD = "overhead", _("overhead")
    LAPSED = "lapsed", _("lapsed")
    WITHDRAWN = "withdrawn", pgettext_lazy("hours", "withdrawn")
    AVAILABLE = "available", _("available")
    DEFERRED = "deferred", _("deferred")
    HELD = "held", _("held")
    SPENT = "spent", _("spent")
    LOST = "lost", pgettext_lazy("hours", "lost")


PLEDGE_ACCOUNTS = (
    AccountKind.PLEDGED,
    AccountKind.UNALLOCATED,
    AccountKind.OVERHEAD,
    AccountKind.LAPSED,
    AccountKind.WITHDRAWN,
)
SOURCE_ACCOUNTS = (
    AccountKind.AVAILABLE,
    AccountKind.DEFERRED,
    AccountKind.HELD,
    AccountKind.SPENT,
    AccountKind.LOST,
)
WITHOUT_FLOOR = frozenset({AccountKind.PLEDGED, AccountKind.UNALLOCATED})


class HoursKind(models.TextChoices):
    """Why hours move."""

    DEPOSIT = "deposit", _("deposit")
    AWARD = "award", _("award")
    HOLD = "hold", _("hold")
    CAPTURE = "capture", _("capture")
    RELEASE = "release", _("release")
    LOSS = "loss", _("loss")
    REFUND = "refund", _("refund")


class UnusableReason(models.TextChoices):
    """Why nothing of a source can be held now."""

    ALLOCATION_FROZEN = "allocation_frozen", _("the allocation is frozen")
    NOT_STARTED = "not_started", _("it has not started")
    ENDED = "ended", _("it has ended")
    PLEDGE_SUSPENDED = "pledge_suspended", _("the donor's pledge is suspended")
    PLEDGE_ENDED = "pledge_ended", _("the donor's pledge has ended")
    PLEDGE_WITHDRAWN = "pledge_withdrawn", _("the donor has withdrawn the pledge")
    SOURCE_LOCKED = "source_locked", _("it is locked")
    CLAUSE = "clause", _("a condition of the donor is not met")
    OBLIGATION_OVERDUE = "obligation_overdue", _("a duty to the donor is more than 30 days overdue")
    CLUSTER_DOWN = "cluster_down", _("no cluster that runs it is up")
    CAP_REACHED = "cap_reached", _("the month's cap is reached")
    NOTHING_LEFT = "nothing_left", _("nothing is left")
