"""Roles, scopes and kinds of handles."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do across the institute; project roles are on `allocations.Membership`."""

    ADMIN = "admin", _("administrator")
    OPERATIONS = "operations", _("operations")
    FINANCE = "finance", _("finance")
    GRANTS_OFFICER = "grants_officer", _("grants officer")
    PRIVACY_OFFICER = "privacy_officer", _("privacy officer")
    REVIEWER = "reviewer", _("reviewer")
    FACILITATOR = "facilitator", _("facilitator")
    RESEARCHER = "researcher", _("researcher")
    DONOR_CONTACT = "donor_contact", _("donor contact")


STAFF_ROLES = frozenset(
    {Role.ADMIN, Role.OPERATIONS, Role.FINANCE, Role.GRANTS_OFFICER, Role.PRIVACY_OFFICER, Role.FACILITATOR}
)


class Scope(models.TextChoices):
    """What a token opens."""

    READ = "read", _("read the API and the hub")
    WRITE = "write", _("write to the API and the hub")
    RUNS = "runs", _("send and read runs")
    JOB = "job", _("one job's runs, lease, checkpoints and output")


class HandleKind(models.TextChoices):
    """Whose name it is."""

    PERSON = "person", _("person")
    PROJECT = "project", _("project")
    INSTITUTE = "institute", _("institute")
    MIRROR = "mirror", _("mirror")
