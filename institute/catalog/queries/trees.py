"""What lies in a commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from institute.catalog.formats import git
from institute.catalog.models import Artifact, Blob, Commit, Ref
from institute.catalog.queries.bytes import text_of

MAIN = "refs/heads/main"
CARD = "README.md"


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file of a commit: its whole path, git mode and id, and the SHA-256 and length of its bytes."""

    path: str
    mode: str
    sha1: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def is_large(self) -> bool:
        """Kept in git as an LFS pointer."""
        return self.sha1 == git.lfs_pointer_id(self.sha256, self.size)


_FILES = """
WITH RECURSIVE walk(path, mode, sha1, blob_id, size) AS (
  SELECT name::text, mode, sha1, blob_id, size FROM catalog_treeentry WHERE tree_id = %s
  UNION ALL
  SELECT walk.path || '/' || entry.name, entry.mode, entry.sha1, entry.blob_id, entry.size
  FROM walk JOIN catalog_treeentry entry ON entry.tree_id = walk.sha1 WHERE walk.mode = '40000')
SELECT path, mode, sha1, blob_id, size FROM walk WHERE mode <> '40000' ORDER BY path COLLATE "C"
"""


def files_of_tree(tree_sha1: str) -> list[FileAt]:
    """Every file below a tree, by path."""
    with connection.cursor() as cursor:
        cursor.execute(_FILES, [tree_sha1])
        return [FileAt(*row) for row in cursor.fetchall()]


def files_of(commit: Commit) -> list[FileAt]:
    """Every file of a commit, by path."""
    return files_of_tree(commit.tree_id)


def file_at(commit: Commit, path: str) -> FileAt | None:
    """The file at a path of a commit, None if there is none."""
    return next((file for file in files_of(commit) if file.path == path), None)


def blob_of(file: FileAt) -> Blob:
    """The bytes behind a file."""
    return Blob.objects.get(sha256=file.sha256)


def text_at(commit: Commit, path: str) -> str:
    """The text at a path of a commit, "" if there is none."""
    file = file_at(commit, path)
    return text_of(blob_of(file)) if file else ""


def texts_at(commit: Commit, paths: Sequence[str], files: Sequence[FileAt] | None = None) -> dict[str, str]:
    """The texts at some paths in two queries; paths without a file are left out."""
    found = {file.path: file for file in files or files_of(commit) if file.path in paths}
    blobs = Blob.objects.in_bulk([file.sha256 for file in found.values()])
    return {path: text_of(blobs[file.sha256]) for path, file in found.items()}


def head_of(artifact: Artifact, name: str = MAIN) -> Commit | None:
    """The commit that a ref names now."""
    ref = Ref.objects.select_related("commit").filter(artifact=artifact, name=name).first()
    return ref.commit if ref else None


def commit_named(artifact: Artifact, rev: str) -> Commit | None:
    """The commit that a branch, a revision's label or an id (at least 7 characters of it) names."""
    if head := head_of(artifact, f"refs/heads/{rev}"):
        return head
    if revision := artifact.revisions.select_related("commit").filter(label=rev).first():
        return revision.commit
    if not 7 <= len(rev) <= 40:
        return None
    found = list(artifact.commits.filter(sha1__startswith=rev.lower())[:2])
    return found[0] if len(found) == 1 else None


MOST_HISTORY = 200


def history_of(commit: Commit, most: int = MOST_HISTORY) -> list[Commit]:
    """A commit and those before it, newest first; at most `most`."""
    known = {row.sha1: row for row in commit.artifact.commits.filter(pk__lte=commit.pk).order_by("-id")[:most]}
    found: list[Commit] = []
    following: Commit | None = commit
    while following is not None:
        found.append(following)
        following = known.get(following.parents[0]) if following.parents else None
    return found
