from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compute.capacity.enums import AcceleratorKind, NameCounts
from compute.capacity.models import AcceleratorType
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused


@dataclass(frozen=True, slots=True)
class TypeDraft:
    """What is known of an accelerator type; FLOP/s and watts come with their source."""

    slug: str
    name: str
    kind: AcceleratorKind
    vendor: str = ""
    memory_gib: int = 0
    chips_per_device: int = 1
    cores_per_chip: int = 1
    name_counts: NameCounts = NameCounts.CHIP
    quota_unit: str = "chip"
    unit_label: str = ""
    peak_flops: int | None = None
    watts: int | None = None
    source: str = ""


UNITS = {AcceleratorKind.TPU: "chip-h", AcceleratorKind.GPU: "GPU-h", AcceleratorKind.CPU: "host-h"}


def create_accelerator_type(*, draft: TypeDraft, by: Actor) -> AcceleratorType:
    """Enter a type that hours are counted in. Raises Conflict for a slug or name in use, Refused for figures
    without a source."""
    if (draft.peak_flops or draft.watts) and not draft.source.strip():
        raise Refused(_("Say where the figures come from."), field="source", rule="source")
    values = asdict(draft) | {"unit_label": draft.unit_label or UNITS[draft.kind]}
    with transaction.atomic():
        try:
            with transaction.atomic():
                accelerator = AcceleratorType.objects.create(**values, created_by=str(by))
        except IntegrityError:
            raise Conflict(
                _("There is already a type “%(name)s” or “%(slug)s”.") % {"name": draft.name, "slug": draft.slug},
                field="slug",
                rule="type-taken",
            ) from None
        audit.record(by=by, action="accelerator_type.create", subject=accelerator)
    return accelerator
