from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from institute.catalog.enums import PUBLIC_REVISIONS, REVISION_TRANSITIONS, Basis, Relation, RevisionStatus
from institute.core.models import AppendOnly, Entity


class Revision(Entity):
    """A commit on its way to the public, and frozen once there: what is cited, attested and paid for.

    `job` is what made its files, `run` what that job told of itself; both empty for files that people brought.
    `n_files` and `n_bytes` are of the commit's whole tree.
    """

    transitions = REVISION_TRANSITIONS

    artifact = models.ForeignKey("catalog.Artifact", on_delete=models.PROTECT, related_name="revisions")
    label = models.CharField(_("label"), max_length=40)
    commit = models.ForeignKey("catalog.Commit", on_delete=models.PROTECT, related_name="revisions")
    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, null=True, blank=True, related_name="revisions")
    run = models.ForeignKey("tracking.Run", on_delete=models.PROTECT, null=True, blank=True, related_name="revisions")
    licence = models.CharField(_("licence"), max_length=128, blank=True)
    notes = models.TextField(_("what changed"), max_length=10_000, blank=True)
    status = models.CharField(max_length=16, choices=RevisionStatus.choices, default=RevisionStatus.DRAFT)
    doi = models.CharField(max_length=128, blank=True)
    n_files = models.IntegerField(default=0)
    n_bytes = models.BigIntegerField(default=0)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["artifact", "label"], name="revision_label_once"),
            models.UniqueConstraint(
                fields=["job"], condition=~Q(status=RevisionStatus.DROPPED), name="revision_one_per_job"
            ),
            models.CheckConstraint(condition=Q(status__in=RevisionStatus.values), name="revision_status_known"),
            models.CheckConstraint(condition=~Q(label="") & ~Q(label__contains="/"), name="revision_label_form"),
            models.CheckConstraint(
                condition=(Q(status__in=PUBLIC_REVISIONS, published_at__isnull=False) & ~Q(licence=""))
                | (~Q(status__in=PUBLIC_REVISIONS) & Q(published_at__isnull=True)),
                name="revision_published_with_instant_and_licence",
            ),
            models.CheckConstraint(
                condition=Q(run__isnull=True) | Q(job__isnull=False), name="revision_run_only_with_job"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-id"], name="revision_by_status"),
            models.Index(fields=["artifact", "-published_at"], name="revision_newest"),
            models.Index(fields=["artifact", "status"], name="revision_of_artifact"),
            models.Index(
                fields=["-published_at", "-id"],
                condition=Q(status__in=PUBLIC_REVISIONS, job__isnull=False),
                name="revision_newest_of_jobs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.artifact} {self.label}"

    def get_absolute_url(self) -> str:
        """Its own page."""
        return reverse("catalog:revision-detail", kwargs={"public_id": self.public_id})


class RevisionSource(AppendOnly):
    """What a revision came out of: a run, or another revision; said by its authors or worked out by us."""

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="sources")
    relation = models.CharField(max_length=16, choices=Relation.choices)
    role = models.CharField(max_length=32, blank=True)
    from_revision = models.ForeignKey(Revision, on_delete=models.PROTECT, null=True, related_name="derived")
    from_run = models.ForeignKey("tracking.Run", on_delete=models.PROTECT, null=True, related_name="derived")
    basis = models.CharField(max_length=16, choices=Basis.choices)
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "relation", "role", "from_revision", "from_run"],
                nulls_distinct=False,
                name="revision_source_once",
            ),
            models.CheckConstraint(condition=Q(relation__in=Relation.values), name="revision_source_relation_known"),
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="revision_source_basis_known"),
            models.CheckConstraint(
                condition=Q(from_revision__isnull=False, from_run__isnull=True)
                | Q(from_revision__isnull=True, from_run__isnull=False),
                name="revision_source_from_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.revision_id} {self.relation}"
