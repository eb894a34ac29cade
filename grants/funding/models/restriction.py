from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grants.funding.enums import Enforcement, RestrictionKind
from grants.funding.models.pledge import Pledge
from institute.core.models import AppendOnly, Entity


class Restriction(Entity, AppendOnly):
    """A clause of a pledge. `parameter` by kind: publish_by {"months": 12}, open_licence {"at_least": "any"},
    field, region, project_list {"values": […]}; for `cite` the text is the sentence to print."""

    pledge = models.ForeignKey(Pledge, on_delete=models.PROTECT, related_name="restrictions")
    kind = models.CharField(max_length=24, choices=RestrictionKind.choices)
    parameter = models.JSONField(default=dict, blank=True)
    enforcement = models.CharField(max_length=8, choices=Enforcement.choices, default=Enforcement.BLOCK)
    text = models.TextField(_("text"))
    clause_no = models.PositiveIntegerField(_("clause"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pledge", "clause_no"], name="restriction_clause_once"),
            models.CheckConstraint(condition=Q(kind__in=RestrictionKind.values), name="restriction_kind_known"),
            models.CheckConstraint(
                condition=Q(enforcement__in=Enforcement.values), name="restriction_enforcement_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="restriction_has_text"),
        ]

    def __str__(self) -> str:
        return f"{self.clause_no}. {self.text}"
