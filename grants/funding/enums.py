"""Choices of pledges, their terms, clauses and duties."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from institute.core.enums import Transitions


class PledgeStatus(models.TextChoices):
    """Exhausted, expired and fulfilled are computed, not stored."""

    OFFERED = "offered", _("offered")
    ACCEPTED = "accepted", _("accepted")
    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    WITHDRAWN = "withdrawn", pgettext_lazy("pledge", "withdrawn")
    CLOSED = "closed", _("closed")


PLEDGE_TRANSITIONS: Transitions[PledgeStatus] = {
    PledgeStatus.OFFERED: {PledgeStatus.ACCEPTED, PledgeStatus.WITHDRAWN},
    PledgeStatus.ACCEPTED: {PledgeStatus.ACTIVE, PledgeStatus.WITHDRAWN},
    PledgeStatus.ACTIVE: {PledgeStatus.SUSPENDED, PledgeStatus.WITHDRAWN, PledgeStatus.CLOSED},
    PledgeStatus.SUSPENDED: {PledgeStatus.ACTIVE, PledgeStatus.WITHDRAWN, PledgeStatus.CLOSED},
    PledgeStatus.WITHDRAWN: {PledgeStatus.CLOSED},
    PledgeStatus.CLOSED: set(),
}


class TermsKind(models.TextChoices):
    """How the compute is promised (ALLOCATION section 2)."""

    POOL = "pool", _("a pool of hours")
    CAPACITY = "capacity", _("a number of accelerators over the window")
    CREDIT = "credit", _("credit in money")


class ServiceClass(models.TextChoices):
    """How firmly the machines are ours."""

    ON_DEMAND = "on_demand", _("on demand")
    PREEMPTIBLE = "preemptible", _("preemptible")
    RESERVED = "reserved", _("reserved")


class LimitPolicy(models.TextChoices):
    """Whether awards may be stretched when a source runs dry."""

    HARD = "hard", _("hard")
    SOFT = "soft", _("soft")


class Recognition(models.TextChoices):
    """How the books will see the use (GRANTS section 5)."""

    CONDITIONAL = "conditional", _("when used")
    PROMISED = "promised", _("when promised")
    HOURS_ONLY = "hours_only", _("hours only, never money")


class RestrictionKind(models.TextChoices):
    """Clauses of a pledge (ALLOCATION section 3)."""

    CITE = "cite", _("acknowledge")
    PUBLISH_BY = "publish_by", _("publish by")
    OPEN_LICENCE = "open_licence", _("open licence")
    FIELD = "field", _("fields of research")
    PROJECT_LIST = "project_list", _("named projects")
    REGION = "region", _("regions")
    DATA_CLASS = "data_class", _("class of data")
    NON_COMMERCIAL = "non_commercial", _("non-commercial")
    NO_VOLUNTEERS = "no_volunteers", _("no volunteers")
    HARDWARE_ONLY = "hardware_only", _("hardware only")


class Enforcement(models.TextChoices):
    """Block refuses, warn needs a recorded tick, report only opens obligations."""

    BLOCK = "block", _("enforced")
    WARN = "warn", _("warned about")
    REPORT = "report", _("reported")


class ObligationKind(models.TextChoices):
    """What is owed."""

    NARRATIVE = "narrative", _("narrative report")
    FINANCIAL = "financial", _("financial report")
    PUBLICATION = "publication", _("publication")
    LICENCE = "licence", _("open licence")
    CREDIT = "credit", _("acknowledgement")
    DATA = "data", _("data")
    SPEND_BY = "spend_by", _("spend by")


class ObligationStatus(models.TextChoices):
    """Overdue is computed."""

    SCHEDULED = "scheduled", _("scheduled")
    DUE = "due", _("due")
    SUBMITTED = "submitted", _("submitted")
    ACCEPTED = "accepted", pgettext_lazy("duty", "accepted")
    WAIVED = "waived", _("waived")


OBLIGATION_TRANSITIONS: Transitions[ObligationStatus] = {
    ObligationStatus.SCHEDULED: {ObligationStatus.DUE, ObligationStatus.SUBMITTED, ObligationStatus.WAIVED},
    ObligationStatus.DUE: {ObligationStatus.SUBMITTED, ObligationStatus.WAIVED},
    ObligationStatus.SUBMITTED: {ObligationStatus.ACCEPTED, ObligationStatus.DUE},
    ObligationStatus.ACCEPTED: set(),
    ObligationStatus.WAIVED: set(),
}
