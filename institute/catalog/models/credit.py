from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from institute.catalog.enums import CreditRole
from institute.core.models import Entity

ORCID_FORM = r"^[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$"
ROR_FORM = r"^0[a-z0-9]{6}[0-9]{2}$"


class Creator(Entity):
    """Somebody, or an organisation, that made something; known to us as a user or not."""

    name = models.CharField(_("name"), max_length=200)
    orcid = models.CharField("ORCID", max_length=19, blank=True)
    ror = models.CharField("ROR", max_length=9, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["orcid"], condition=~Q(orcid=""), name="creator_orcid_once"),
            models.UniqueConstraint(fields=["ror"], condition=~Q(ror=""), name="creator_ror_once"),
            models.CheckConstraint(condition=Q(orcid="") | Q(orcid__regex=ORCID_FORM), name="creator_orcid_form"),
            models.CheckConstraint(condition=Q(ror="") | Q(ror__regex=ROR_FORM), name="creator_ror_form"),
        ]

    def __str__(self) -> str:
        return self.name


class Credit(Entity):
    """A creator's place in the list of authors of a paper or a revision."""

    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="credits")
    publication = models.ForeignKey(
        "catalog.Publication", on_delete=models.PROTECT, null=True, blank=True, related_name="credits"
    )
    revision = models.ForeignKey(
        "catalog.Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="credits"
    )
    position = models.IntegerField()
    role = models.CharField(max_length=32, choices=CreditRole.choices, blank=True)
    affiliation = models.CharField(_("affiliation"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(publication__isnull=False, revision__isnull=True)
                | Q(publication__isnull=True, revision__isnull=False),
                name="credit_of_one_thing",
            ),
            models.UniqueConstraint(fields=["publication", "position"], name="credit_publication_position"),
            models.UniqueConstraint(fields=["revision", "position"], name="credit_revision_position"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.creator}"
