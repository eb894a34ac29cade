"""Writing trees: every folder of a commit that is not stored yet."""

from collections.abc import Mapping

from institute.catalog.formats import git
from institute.catalog.models import Tree, TreeEntry
from institute.catalog.queries.trees import FileAt


def write_tree(files: Mapping[str, FileAt]) -> str:
    """Store the trees that hold exactly `files`; the id of the topmost."""
    found: dict[str, list[TreeEntry]] = {}
    top = _collect(_nest(files), found)
    known = set(Tree.objects.filter(sha1__in=found).values_list("sha1", flat=True))
    fresh = [sha1 for sha1 in found if sha1 not in known]
    # Another commit may be writing the same tree: equal rows, so whoever comes second changes nothing.
    Tree.objects.bulk_create([Tree(sha1=sha1) for sha1 in fresh], ignore_conflicts=True)
    TreeEntry.objects.bulk_create([entry for sha1 in fresh for entry in found[sha1]], ignore_conflicts=True)
    return top


Folder = dict[str, "FileAt | Folder"]


def _nest(files: Mapping[str, FileAt]) -> Folder:
    top: Folder = {}
    for path, file in files.items():
        *folders, name = path.split("/")
        here = top
        for folder in folders:
            here = here.setdefault(folder, {})  # type: ignore[assignment]  # no file lies where a folder is
        here[name] = file
    return top


def _collect(folder: Folder, found: dict[str, list[TreeEntry]]) -> str:
    rows = []
    for name, child in folder.items():
        if isinstance(child, FileAt):
            rows.append(TreeEntry(name=name, mode=child.mode, sha1=child.sha1, blob_id=child.sha256, size=child.size))
        else:
            rows.append(TreeEntry(name=name, mode=git.FOLDER, sha1=_collect(child, found)))
    sha1 = git.tree_id(git.Entry(row.mode, row.name, row.sha1) for row in rows)
    for row in rows:
        row.tree_id = sha1
    found[sha1] = rows
    return sha1
