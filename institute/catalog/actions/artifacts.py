import re
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from compute.allocations.models import Project
from institute.catalog.enums import ArtifactKind, Visibility
from institute.catalog.models import Artifact
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.states import record_change
from institute.people.enums import HandleKind
from institute.people.models import Handle, User
from institute.people.models.handle import HANDLE_FORM

MOST_TAGS = 50
TAG_FORM = re.compile(r"[\w:./+-]{1,64}")
# Second segments of addresses below a handle.
NAMES_IN_USE = frozenset({"resolve", "tree", "blob", "raw", "commits", "new", "settings", "upload"})


def create_artifact(
    *,
    kind: ArtifactKind,
    namespace: Handle,
    name: str,
    by: Actor,
    summary: str = "",
    visibility: Visibility = Visibility.PUBLIC,
) -> Artifact:
    """Make an empty model, data set or code base under a handle; its owner is the handle's.

    Raises Refused for a name of a wrong form or under a mirror, Conflict if the name is taken in any case.
    """
    require_name(namespace, name)
    project, owner = owners_of(namespace)
    with transaction.atomic():
        try:
            with transaction.atomic():
                artifact = Artifact.objects.create(
                    kind=kind,
                    namespace=namespace,
                    name=name,
                    project=project,
                    owner=owner,
                    summary=summary.strip()[:300],
                    visibility=visibility,
                    created_by=str(by),
                )
        except IntegrityError:
            raise Conflict(
                _("%(handle)s/%(name)s exists already.") % {"handle": namespace, "name": name},
                field="name",
                rule="artifact-taken",
                way_out=_("Choose another name, or add a revision to the one that exists."),
            ) from None
        record_change(artifact, from_status="", to_status=artifact.status, by=by)
        audit.record(by=by, action="artifact.create", subject=artifact, details={"kind": kind.value, "name": name})
    return artifact


def require_name(namespace: Handle, name: str) -> None:
    """Refused for a name of a wrong form or under a mirror."""
    if not re.fullmatch(HANDLE_FORM, name) or name.lower() in NAMES_IN_USE:
        raise Refused(
            _("“%(name)s” cannot be a name: letters, digits, and . _ - between them, at most 96.") % {"name": name},
            field="name",
            rule="artifact-name",
            way_out=_("Choose another name."),
        )
    if namespace.kind == HandleKind.MIRROR:
        raise Refused(_("“%(handle)s” is a mirror: it is read only.") % {"handle": namespace}, rule="mirror")


def owners_of(namespace: Handle) -> tuple[Project | None, User | None]:
    """(project, person) behind a handle; at most one of them."""
    if namespace.kind == HandleKind.PROJECT:
        return Project.objects.get(public_id=namespace.owner_id), None
    if namespace.kind == HandleKind.PERSON:
        return None, User.objects.get(public_id=namespace.owner_id)
    return None, None


def describe_artifact(*, artifact: Artifact, summary: str, tags: Sequence[str], by: Actor) -> Artifact:
    """Change the line and the words under which an artefact is found. Raises Refused for a bad tag."""
    wanted = sorted({tag.strip().lower() for tag in tags if tag.strip()})
    if len(wanted) > MOST_TAGS or not all(TAG_FORM.fullmatch(tag) for tag in wanted):
        raise Refused(
            _("Tags are words of at most 64 letters, digits and : . / + -; at most 50 of them."),
            field="tags",
            rule="tags",
        )
    with transaction.atomic():
        artifact = Artifact.objects.select_for_update(of=("self",)).select_related("namespace").get(pk=artifact.pk)
        artifact.summary, artifact.tags = summary.strip()[:300], wanted
        artifact.save(update_fields=["summary", "tags"])
        audit.record(by=by, action="artifact.describe", subject=artifact, details={"tags": wanted})
    return artifact
