from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compute.tracking.enums import FileKind
from compute.tracking.models.run import Run
from institute.core.models import Entity


class RunFile(Entity):
    """A file that a run sent, or said it would: until `uploaded_at` there are no bytes."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="files")
    path = models.CharField(_("path"), max_length=1000)
    kind = models.CharField(max_length=8, choices=FileKind.choices, default=FileKind.FILE)
    size = models.BigIntegerField(null=True, blank=True)
    md5 = models.CharField(max_length=32, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    storage_key = models.CharField(max_length=200, blank=True)
    uploaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "path"], name="run_file_once"),
            models.CheckConstraint(condition=Q(kind__in=FileKind.values), name="run_file_kind_known"),
            models.CheckConstraint(
                condition=Q(uploaded_at__isnull=True, storage_key="", size__isnull=True)
                | (Q(uploaded_at__isnull=False, size__gte=0) & ~Q(storage_key="")),
                name="run_file_uploaded_or_not",
            ),
        ]
        verbose_name = _("file of a run")
        verbose_name_plural = _("files of runs")

    def __str__(self) -> str:
        return self.path
