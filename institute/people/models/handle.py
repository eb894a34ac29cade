from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from institute.core.models import Entity
from institute.people.enums import HandleKind

HANDLE_FORM = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9])?"


class Handle(Entity):
    """A name in the one name space of people, projects, institute and mirrors; the first segment of an address.

    `owner_id` is the public id of what it names (user, project), "" for the institute.
    """

    name = models.CharField(
        _("handle"),
        max_length=96,
        validators=[RegexValidator(rf"^{HANDLE_FORM}\Z", _("Letters, digits, and . _ - between them."))],
    )
    kind = models.CharField(max_length=16, choices=HandleKind.choices)
    owner_id = models.CharField(max_length=26, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="handle_once_any_case"),
            models.UniqueConstraint(
                fields=["kind", "owner_id"], condition=~Q(owner_id=""), name="handle_one_per_owner"
            ),
            models.CheckConstraint(condition=Q(kind__in=HandleKind.values), name="handle_kind_known"),
            models.CheckConstraint(condition=Q(name__regex=rf"^{HANDLE_FORM}$"), name="handle_form"),
        ]

    def __str__(self) -> str:
        return self.name
