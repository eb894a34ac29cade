from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from compute.allocations.enums import PROJECT_TRANSITIONS, DataClass, ProjectStatus, Purpose
from institute.core.enums import Transitions
from institute.core.models import Entity


class Project(Entity):
    """People who work on one thing. `handle` is the name of its `people.Handle`, claimed in the same transaction."""

    transitions: ClassVar[Transitions[ProjectStatus]] = PROJECT_TRANSITIONS

    handle = models.CharField(_("handle"), max_length=96)
    title = models.CharField(_("title"), max_length=200)
    summary = models.TextField(_("summary"), blank=True, max_length=4000)
    fields = ArrayField(models.CharField(max_length=48), default=list, blank=True, verbose_name=_("fields of research"))
    purpose = models.CharField(_("purpose"), max_length=24, choices=Purpose.choices, default=Purpose.NON_COMMERCIAL)
    data_class = models.CharField(_("data"), max_length=16, choices=DataClass.choices, default=DataClass.PUBLIC)
    status = models.CharField(_("status"), max_length=16, choices=ProjectStatus.choices, default=ProjectStatus.PROPOSED)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("handle"), name="project_handle_once_any_case"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="project_purpose_known"),
            models.CheckConstraint(condition=Q(data_class__in=DataClass.values), name="project_data_class_known"),
            models.CheckConstraint(condition=Q(status__in=ProjectStatus.values), name="project_status_known"),
        ]

    def __str__(self) -> str:
        return self.title
