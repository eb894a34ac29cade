from collections.abc import Iterable

from django.utils.translation import gettext as _

from institute.catalog.formats import git
from institute.core.errors import Refused

MOST_PATH_BYTES = 1024
MOST_NAME_BYTES = 255


def check_paths(paths: Iterable[str]) -> None:
    """Refuse a path that git, a disk or an address cannot hold, one given twice, and files git keeps for itself."""
    seen: set[str] = set()
    for path in paths:
        if reason := fault_of(path):
            raise Refused(
                _("“%(path)s” cannot be a path: %(reason)s.") % {"path": path[:200], "reason": reason},
                field="path",
                rule="path",
                way_out=_("Rename the file."),
            )
        if path in seen:
            raise Refused(_("“%(path)s” is named twice.") % {"path": path}, field="path", rule="path-twice")
        seen.add(path)


def fault_of(path: str) -> str:
    """What is wrong with a path, "" if nothing is (CATALOG rule 8)."""
    parts = path.split("/")
    faults = (
        (not path, _("it is empty")),
        (path.startswith("/"), _("it begins with a slash")),
        ("\\" in path, _("it has a backslash")),
        (any(ord(c) < 32 or ord(c) == 127 or "\ud800" <= c <= "\udfff" for c in path), _("it has a control character")),
        (any(not part for part in parts), _("a part of it is empty")),
        (any(part in {".", ".."} for part in parts), _("it has . or .. as a part")),
        (any(part.lower() == ".git" for part in parts), _("git keeps .git for itself")),
        (path == git.ATTRIBUTES, _("the platform writes .gitattributes itself")),
        (len(path.encode(errors="replace")) > MOST_PATH_BYTES, _("it is longer than 1,024 bytes")),
        (any(len(p.encode(errors="replace")) > MOST_NAME_BYTES for p in parts), _("a part is longer than 255 bytes")),
    )
    return next((reason for is_so, reason in faults if is_so), "")
