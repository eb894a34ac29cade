"""A status changes in one function."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from institute.core import live
from institute.core.actors import Actor
from institute.core.errors import Conflict
from institute.core.models import StateChange

REASON_LENGTH = 2000


def kind_of(obj: models.Model) -> str:
    """The name by which core's tables call this object's kind, e.g. "funding.pledge"."""
    return obj._meta.label_lower


def identity_of(obj: models.Model) -> str:
    """The public id of an object, or its key where it has none."""
    return str(getattr(obj, "public_id", obj.pk))


def transition(
    obj: models.Model,
    to: models.TextChoices,
    *,
    by: Actor,
    reason: str = "",
    now: datetime | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Move `obj` to status `to`, with `fields` set in the same statement, and write its history.

    Locks the row, looks the step up in the model's `transitions` table, updates, appends a `StateChange`
    and hints live pages; all in the caller's transaction. Raises Conflict if the step is not in the table
    (also when another transaction moved the row first).
    """
    with transaction.atomic():
        manager = type(obj)._base_manager
        current = manager.select_for_update().values_list("status", flat=True).get(pk=obj.pk)
        allowed = type(obj).transitions  # type: ignore[attr-defined]  # every model with a status declares it
        if to not in allowed[type(to)(current)]:
            raise Conflict(
                _("%(object)s is %(current)s and cannot become %(wanted)s.")
                % {"object": obj, "current": type(to)(current).label, "wanted": to.label},
                rule="transition",
                way_out=_("Reload the page to see its present state."),
            )
        values = {"status": to.value, **(fields or {})}
        manager.filter(pk=obj.pk).update(**values)
        record_change(obj, from_status=current, to_status=to.value, by=by, reason=reason, now=now)
        for name, value in values.items():
            setattr(obj, name, value)


def record_change(
    obj: models.Model,
    *,
    from_status: str,
    to_status: str,
    by: Actor,
    reason: str = "",
    now: datetime | None = None,
) -> None:
    """Append one step to the history of `obj`; creation is the step from "" to the first status."""
    StateChange.objects.create(
        subject_kind=kind_of(obj),
        subject_id=identity_of(obj),
        from_status=from_status,
        to_status=to_status,
        reason=reason,
        happened_at=now or timezone.now(),
        by=str(by),
    )
    live.hint(identity_of(obj), "status", to_status)


def history_of(obj: models.Model) -> models.QuerySet[StateChange]:
    """Every step of `obj`, oldest first."""
    return StateChange.objects.filter(subject_kind=kind_of(obj), subject_id=identity_of(obj)).order_by("id")
