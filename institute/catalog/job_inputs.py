"""Models and data sets of the catalogue as inputs of jobs: fills the port `jobs.inputs`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from compute.jobs.ports import InputChoice, StoredInput
from institute.catalog.actions.blobs import place_in_store
from institute.catalog.formats import git
from institute.catalog.models import Blob, Revision
from institute.catalog.queries import references, trees
from institute.core.errors import NotFound
from institute.people.models import User

MOST_CHOICES = 100
NAMING = ("label", "status", "artifact__kind", "artifact__name", "artifact__namespace__name")
TOKENIZER = "tokenizer.json"


class JobInputs:
    """What jobs ask of the catalogue."""

    def choices(self, user: User, kind: str) -> Sequence[InputChoice]:
        """Published revisions and drafts of the person's own projects, newest first, at most 100."""
        found = references.usable_by(user, kind, timezone.now()).only(*NAMING)[:MOST_CHOICES]
        return [InputChoice(references.reference_of(revision), self._label(revision)) for revision in found]

    def is_usable(self, user: User, kind: str, reference: str) -> bool:
        """One of the choices, also beyond the newest 100, named exactly as they name it."""
        revision = references.revision_named(reference)
        if revision is None or references.reference_of(revision) != reference:
            return False
        return references.usable_by(user, kind, timezone.now()).filter(pk=revision.pk).exists()

    def facts(self, reference: str) -> Mapping[str, Any]:
        """{"licence", "files", "bytes", "revision", and of models "family", "tokenizer_sha256", "parameters",
        "shapes"}. NotFound if there is none."""
        revision = _named(reference)
        files = trees.files_of(revision.commit)
        blobs = Blob.objects.in_bulk({file.sha256 for file in files})
        facts: dict[str, Any] = {
            "revision": revision.public_id,
            "licence": revision.licence,
            "files": [file.path for file in files],
            "bytes": sum(file.size for file in files),
            "family": _family(revision, files),
            "tokenizer_sha256": next((file.sha256 for file in files if file.path == TOKENIZER), ""),
        }
        headers = [blobs[file.sha256].header for file in files if blobs[file.sha256].header]
        facts["parameters"] = sum(int(header["parameters"]) for header in headers)
        facts["shapes"] = {name: shape for header in headers for name, shape in header["tensors"].items()}
        return facts

    def files(self, reference: str) -> Sequence[StoredInput]:
        """Its files but git's own and the card, each with its place in the object store. NotFound if there is none."""
        revision = _named(reference)
        files = [f for f in trees.files_of(revision.commit) if f.path not in (git.ATTRIBUTES, trees.CARD)]
        keys = place_in_store(sha256s={file.sha256 for file in files})
        return [StoredInput(file.path, file.size, file.sha256, keys[file.sha256]) for file in files]

    def _label(self, revision: Revision) -> str:
        return f"{revision.artifact} {revision.label} ({revision.get_status_display()})"


def _named(reference: str) -> Revision:
    revision = references.revision_named(reference)
    if revision is None:
        raise NotFound(
            _("The catalogue has no “%(reference)s”.") % {"reference": reference},
            rule="reference",
            way_out=_("Choose one of the list."),
        )
    return revision


def _family(revision: Revision, files: Sequence[trees.FileAt]) -> str:
    """The model family as config.json names it."""
    texts = trees.texts_at(revision.commit, ["config.json"], files)
    try:
        config = json.loads(texts.get("config.json", "{}"))
    except ValueError:
        return ""
    return str(config.get("model_type", "")) if isinstance(config, dict) else ""
