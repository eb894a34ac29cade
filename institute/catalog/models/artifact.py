from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from institute.catalog.enums import ARTIFACT_TRANSITIONS, ArtifactKind, ArtifactStatus, Visibility
from institute.core.models import Entity
from institute.people.models.handle import HANDLE_FORM


class Artifact(Entity):
    """A model, data set or code base under a handle: a history of commits, some of them published revisions.

    Owned by a project or by a person, as its handle is; institute and mirrors own through neither.
    `latest` and `published_at` are kept by the actions, so that lists need no search for the newest revision.
    """

    transitions = ARTIFACT_TRANSITIONS

    kind = models.CharField(max_length=16, choices=ArtifactKind.choices)
    namespace = models.ForeignKey("people.Handle", on_delete=models.PROTECT, related_name="artifacts")
    name = models.CharField(_("name"), max_length=96)
    project = models.ForeignKey(
        "allocations.Project", on_delete=models.PROTECT, null=True, blank=True, related_name="artifacts"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="artifacts"
    )
    status = models.CharField(max_length=16, choices=ArtifactStatus.choices, default=ArtifactStatus.ACTIVE)
    visibility = models.CharField(max_length=16, choices=Visibility.choices, default=Visibility.PUBLIC)
    summary = models.CharField(_("summary"), max_length=300, blank=True)
    card = models.JSONField(default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    licence = models.CharField(_("licence"), max_length=128, blank=True)
    latest = models.ForeignKey("catalog.Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("kind"), F("namespace"), Lower("name"), name="artifact_name_once_any_case"),
            models.CheckConstraint(condition=Q(kind__in=ArtifactKind.values), name="artifact_kind_known"),
            models.CheckConstraint(condition=Q(status__in=ArtifactStatus.values), name="artifact_status_known"),
            models.CheckConstraint(condition=Q(visibility__in=Visibility.values), name="artifact_visibility_known"),
            models.CheckConstraint(condition=Q(name__regex=rf"^{HANDLE_FORM}$"), name="artifact_name_form"),
            models.CheckConstraint(
                condition=Q(project__isnull=True) | Q(owner__isnull=True), name="artifact_one_owner"
            ),
            models.CheckConstraint(
                condition=Q(latest__isnull=True, published_at__isnull=True)
                | Q(latest__isnull=False, published_at__isnull=False),
                name="artifact_latest_with_instant",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "-published_at", "-id"], name="artifact_newest"),
            models.Index(fields=["namespace", "-published_at", "-id"], name="artifact_newest_of_namespace"),
            models.Index(fields=["project", "-published_at", "-id"], name="artifact_newest_of_project"),
            models.Index(
                fields=["project", "kind"], condition=Q(latest__isnull=False), name="artifact_public_of_project"
            ),
            GinIndex(fields=["tags"], name="artifact_tags"),
        ]

    def __str__(self) -> str:
        return f"{self.namespace.name}/{self.name}"

    def get_absolute_url(self) -> str:
        """Its page: models right below the handle, data sets and code below their own first segment."""
        return reverse(f"catalog:{self.kind}-detail", kwargs={"handle": self.namespace.name, "name": self.name})
