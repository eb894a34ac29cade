"""Whether a manifest is what it says it is. Its form is RECIPES.md's; pure functions over plain values."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from institute.core.errors import Refused

SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_FILES = 10_000
LONGEST_PATH = 400
LARGEST_FILE = 1 << 50
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file as a manifest names it."""

    path: str
    size: int
    sha256: str


def canonical(manifest: Mapping[str, Any]) -> str:
    """The one text of a manifest, which its hash covers. Raises Refused for what is no Unicode text."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _unfit(_("The manifest holds broken text.")) from error
    return text


def require_equal(manifest: Mapping[str, Any], expected: Mapping[str, Any], sha256: str) -> str:
    """The canonical text of a manifest that has this hash and these values. Raises Refused."""
    text = canonical(manifest)
    if hashlib.sha256(text.encode()).hexdigest() != sha256:
        raise _unfit(_("manifest_sha256 is not the SHA-256 of the manifest."), field="manifest_sha256")
    for name, value in expected.items():
        found = manifest.get(name)
        if found != value or isinstance(found, bool):
            raise _unfit(_("The manifest's “%(name)s” is not that of this attempt.") % {"name": name})
    return text


def files_of(manifest: Mapping[str, Any]) -> list[NamedFile]:
    """The files that an output's manifest names. Raises Refused unless each has a plain relative path."""
    listed = manifest.get("files")
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_FILES:
        raise _unfit(_("The manifest names no files, or too many."))
    files = [_file(entry) for entry in listed]
    if len({file.path for file in files}) != len(files):
        raise _unfit(_("The manifest names a path twice."))
    return files


def _file(entry: Any) -> NamedFile:
    if not isinstance(entry, dict):
        raise _unfit(_("Each file of a manifest has path, bytes and sha256."))
    path, size, sha256 = entry.get("path"), entry.get("bytes"), entry.get("sha256")
    if not isinstance(path, str) or not is_plain(path) or path == MANIFEST:
        raise _unfit(_("“%(path)s” is no path that a file of an output may have.") % {"path": str(path)[:100]})
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST_FILE:
        raise _unfit(_("The size of “%(path)s” is no number of bytes.") % {"path": path})
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise _unfit(_("The sha256 of “%(path)s” is none.") % {"path": path})
    return NamedFile(path, size, sha256)


def is_plain(path: str) -> bool:
    """A relative path that stays below its folder and means the same on every system."""
    parts = path.split("/")
    return (
        0 < len(path) <= LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
        and all(part not in {"", ".", ".."} for part in parts)
    )


def _unfit(message: str, field: str = "manifest") -> Refused:
    return Refused(message, field=field, rule="manifest", way_out=_("Send the manifest that was committed."))
