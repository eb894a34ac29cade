"""What every row that people or machines outside may see has in common."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from institute.core.ids import ULID_LENGTH, new_ulid


class Entity(models.Model):
    """A noun with a public id. `created_by` is the opaque `str(Actor)`, so that erasing a person never breaks it."""

    public_id = models.CharField(max_length=ULID_LENGTH, unique=True, default=new_ulid, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=64, default="", blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id


class AppendOnly(models.Model):
    """Rows that are written once: `migrate` puts triggers against UPDATE, DELETE and TRUNCATE on the table
    and takes those rights from the application's role (`institute.core.guards`)."""

    is_append_only: ClassVar[bool] = True

    class Meta:
        abstract = True
