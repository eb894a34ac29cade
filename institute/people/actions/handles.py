import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.people.enums import HandleKind
from institute.people.models import Handle
from institute.people.models.handle import HANDLE_FORM
from institute.people.rules import is_reserved


def claim_handle(*, name: str, kind: HandleKind, owner_id: str, by: Actor) -> Handle:
    """Take a name in the one name space of people, projects, institute and mirrors.

    Raises Refused if the name has a wrong form or is the first segment of an address in use, Conflict if it
    is taken in any case.
    """
    if not re.fullmatch(HANDLE_FORM, name):
        raise Refused(
            _("“%(name)s” cannot be a handle: letters, digits, and . _ - between them, at most 96.") % {"name": name},
            field="handle",
            rule="handle-form",
        )
    if is_reserved(name):
        raise Refused(
            _("“%(name)s” is an address of the platform.") % {"name": name},
            field="handle",
            rule="handle-reserved",
            way_out=_("Choose another name."),
        )
    with transaction.atomic():
        try:
            with transaction.atomic():
                handle = Handle.objects.create(name=name, kind=kind, owner_id=owner_id, created_by=str(by))
        except IntegrityError:
            raise Conflict(
                _("The handle “%(name)s” is taken.") % {"name": name},
                field="handle",
                rule="handle-taken",
                way_out=_("Choose another name."),
            ) from None
        audit.record(by=by, action="handle.claim", subject=handle, details={"owner": owner_id, "kind": kind.value})
    return handle
