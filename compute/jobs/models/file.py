from django.db import models
from django.db.models import Q

from compute.jobs.enums import FileKind
from institute.core.models import Entity


class JobFile(Entity):
    """A file of a job that lies in the object store under `key`.

    `field` names the input it belongs to. `path` is "" while a file is uploaded but in no manifest.
    """

    job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=16, choices=FileKind.choices)
    field = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=512, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    key = models.CharField(max_length=512)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "kind", "field", "path", "sha256"], name="job_file_once"),
            models.UniqueConstraint(
                fields=["job", "path"], condition=Q(kind=FileKind.OUTPUT), name="job_output_path_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=FileKind.values), name="job_file_kind_known"),
            models.CheckConstraint(condition=Q(size__gte=0), name="job_file_size"),
        ]

    def __str__(self) -> str:
        return self.path or self.sha256
