"""Choices of core's own tables, and the type of every transition table."""

from collections.abc import Mapping, Set
from typing import TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

Status = TypeVar("Status", bound=models.TextChoices)
Transitions = Mapping[Status, Set[Status]]


class OutboxStatus(models.TextChoices):
    """pending → delivered, or → dead after the last try; dead → pending by a person."""

    PENDING = "pending", _("pending")
    DELIVERED = "delivered", _("delivered")
    DEAD = "dead", _("dead letter")
    DISCARDED = "discarded", _("discarded")
