"""Choices of donors."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from institute.core.enums import Transitions


class DonorKind(models.TextChoices):
    """Whether personal data protection applies."""

    PERSON = "person", _("person")
    ORGANISATION = "organisation", _("organisation")


class DonorStatus(models.TextChoices):
    """A donor is never deleted."""

    ACTIVE = "active", _("active")
    MERGED = "merged", _("merged")
    ERASED = "erased", _("erased")


TRANSITIONS: Transitions[DonorStatus] = {
    DonorStatus.ACTIVE: {DonorStatus.MERGED, DonorStatus.ERASED},
    DonorStatus.MERGED: set(),
    DonorStatus.ERASED: set(),
}


class ContactChannel(models.TextChoices):
    """How a donor is reached."""

    EMAIL = "email", _("e-mail")
    PHONE = "phone", _("telephone")
    POST = "post", _("post")


class ConsentPurpose(models.TextChoices):
    """What a donor agreed to."""

    PUBLIC_NAME = "public_name", _("name shown in public")
    NEWSLETTER = "newsletter", _("newsletter")
    PORTAL = "portal", _("donor portal")
