from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from institute.catalog.enums import BLOB_TRANSITIONS, BlobStatus, Verdict
from institute.core.models import Entity


class Blob(models.Model):
    """Bytes, once, by their SHA-256: small text in the row, all else in the object store under blobs/.

    `header` holds what was read from the head of a safetensors file (tensor names, shapes, parameters).
    """

    transitions = BLOB_TRANSITIONS

    sha256 = models.CharField(max_length=64, primary_key=True)
    git_sha1 = models.CharField(max_length=40, db_index=True)
    size = models.BigIntegerField()
    inline = models.BinaryField(null=True)
    location = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=16, choices=BlobStatus.choices, default=BlobStatus.STORED)
    is_text = models.BooleanField(default=False)
    header = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="blob_sha256_form"),
            models.CheckConstraint(condition=Q(git_sha1__regex="^[0-9a-f]{40}$"), name="blob_git_sha1_form"),
            models.CheckConstraint(condition=Q(size__gte=0), name="blob_size"),
            models.CheckConstraint(condition=Q(status__in=BlobStatus.values), name="blob_status_known"),
            models.CheckConstraint(
                condition=Q(inline__isnull=False, location="") | (Q(inline__isnull=True) & ~Q(location="")),
                name="blob_one_place",
            ),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class BlobScan(models.Model):
    """What one version of one scanner says of some bytes."""

    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="scans")
    scanner = models.CharField(max_length=32)
    version = models.IntegerField()
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    report = models.JSONField(default=dict, blank=True)
    scanned_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blob", "scanner", "version"], name="blob_scan_once"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="blob_scan_verdict_known"),
        ]

    def __str__(self) -> str:
        return f"{self.scanner} {self.version}: {self.verdict}"


class Upload(Entity):
    """Who brought these bytes, and until when that lets them name the hash (CATALOG rule 3)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads")
    artifact = models.ForeignKey("catalog.Artifact", on_delete=models.PROTECT, null=True, related_name="uploads")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="uploads", db_column="sha256")
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "blob", "-expires_at"], name="upload_possession")]

    def __str__(self) -> str:
        return f"{self.user}: {self.blob}"
