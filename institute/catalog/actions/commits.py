"""Commits: one transaction that locks the ref, writes what is new, and moves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from institute.catalog import rules
from institute.catalog.actions.blobs import store_text
from institute.catalog.actions.trees import write_tree
from institute.catalog.enums import Change
from institute.catalog.events import CommitPushed
from institute.catalog.formats import git
from institute.catalog.models import Artifact, Blob, Commit, PathChange, Ref
from institute.catalog.queries import possession, trees
from institute.catalog.queries.trees import MAIN, FileAt
from institute.core import audit
from institute.core.actors import Actor, ActorKind
from institute.core.errors import Conflict, Refused
from institute.core.outbox import publish
from institute.people.models import User
from institute.people.queries import handle_of, user_behind


@dataclass(frozen=True, slots=True)
class Put:
    """Make `path` hold these bytes, which are known by their SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Take a file, or a folder with all below it, away."""

    path: str


FileChange = Put | Delete
MOST_CHANGES = 25_000


def commit_files(
    *,
    artifact: Artifact,
    changes: Sequence[FileChange],
    message: str,
    by: Actor,
    parent: str | None = None,
    ref: str = MAIN,
    now: datetime | None = None,
) -> Commit:
    """Put and delete files in one commit on a branch.

    Raises Refused for a path that git or a disk cannot hold, for a hash the person neither brought nor may
    read, for a change that changes nothing; Conflict if `parent` (an id, "" for an empty branch) is not what
    the branch holds now.
    """
    now = now or timezone.now()
    rules.check_paths([change.path for change in changes])
    if not message.strip():
        raise Refused(_("Say in one line what the commit changes."), field="message", rule="commit-message")
    if len(changes) > MOST_CHANGES:
        raise Refused(_("A commit changes at most 25,000 files."), rule="commit-size", way_out=_("Split it."))
    user = user_behind(by)
    if user is None:
        raise Refused(_("Only people commit files."), rule="commit-person")
    _check_possession(user, changes, now)
    draft = CommitDraft(message, signature_of(by, now), parent=parent)
    return write_commit(artifact=artifact, changes=changes, draft=draft, by=by, ref=ref)


def _check_possession(user: User, changes: Sequence[FileChange], now: datetime) -> None:
    hashes = {change.sha256 for change in changes if isinstance(change, Put)}
    foreign = possession.unnameable(user, hashes, now)
    if foreign:
        named = next(c for c in changes if isinstance(c, Put) and c.sha256 in foreign)
        raise Refused(
            _("“%(path)s”: you have not uploaded these bytes within the last day.") % {"path": named.path},
            field="sha256",
            rule="possession",
            way_out=_("Upload the file, then commit it."),
        )


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """What a commit says, who signs it, and what it starts from.

    Its files are those of `base` (default: of the branch), changed; with `replace` exactly what is put.
    """

    message: str
    author: git.Signature
    parent: str | None = None
    base: Commit | None = None
    replace: bool = False


def write_commit(
    *, artifact: Artifact, changes: Sequence[FileChange], draft: CommitDraft, by: Actor, ref: str = MAIN
) -> Commit:
    """`commit_files` without asking who brought the bytes: for files that the platform itself copied."""
    with transaction.atomic():
        branch = _lock(artifact, ref, by)
        _check_parent(branch, draft.parent)
        before = {file.path: file for file in trees.files_of(branch.commit)} if branch.commit else {}
        start = before if draft.base is None else {file.path: file for file in trees.files_of(draft.base)}
        after = _apply({} if draft.replace else dict(start), changes)
        after = _with_attributes(after, by)
        if branch.commit and before == after:
            if draft.base is not None or draft.replace:
                return branch.commit
            raise Refused(_("The commit would change nothing."), rule="commit-empty")
        commit = _create(artifact, write_tree(after), branch.commit, draft, by)
        _note_changes(commit, before, after)
        branch.commit = commit
        branch.save(update_fields=["commit"])
        audit.record(by=by, action="artifact.commit", subject=artifact, details={"commit": commit.sha1, "ref": ref})
        publish(
            CommitPushed(artifact_id=artifact.public_id, ref=ref, commit=commit.sha1), subject=artifact.public_id, by=by
        )
    return commit


def _lock(artifact: Artifact, name: str, by: Actor) -> Ref:
    Ref.objects.get_or_create(artifact=artifact, name=name, defaults={"created_by": str(by)})
    return Ref.objects.select_for_update(of=("self",)).select_related("commit").get(artifact=artifact, name=name)


def _check_parent(branch: Ref, parent: str | None) -> None:
    if parent is not None and parent != (branch.commit.sha1 if branch.commit else ""):
        raise Conflict(
            _("The branch was updated since you opened this page."),
            rule="parent-commit",
            way_out=_("Reload the page, look at what changed, and commit again."),
        )


def _apply(files: dict[str, FileAt], changes: Sequence[FileChange]) -> dict[str, FileAt]:
    blobs = Blob.objects.in_bulk({change.sha256 for change in changes if isinstance(change, Put)})
    for change in changes:
        if isinstance(change, Put):
            files[change.path] = file_for(change.path, blobs[change.sha256])
            continue
        gone = [path for path in files if path == change.path or path.startswith(change.path + "/")]
        if not gone:
            raise Refused(_("There is no “%(path)s” to remove.") % {"path": change.path}, field="path", rule="no-file")
        for path in gone:
            del files[path]
    _refuse_file_as_folder(files)
    return files


def _refuse_file_as_folder(files: Mapping[str, FileAt]) -> None:
    for path in files:
        parts = path.split("/")
        for end in range(1, len(parts)):
            if (folder := "/".join(parts[:end])) in files:
                raise Refused(
                    _("“%(path)s” is a file; it cannot also be a folder.") % {"path": folder},
                    field="path",
                    rule="file-and-folder",
                )


def file_for(path: str, blob: Blob) -> FileAt:
    """The file that these bytes are at a path: itself in git, or the pointer to it."""
    is_large = git.is_large(path, blob.size, text=blob.is_text)
    sha1 = git.lfs_pointer_id(blob.sha256, blob.size) if is_large else blob.git_sha1
    return FileAt(path, git.FILE, sha1, blob.sha256, blob.size)


def _with_attributes(files: dict[str, FileAt], by: Actor) -> dict[str, FileAt]:
    """With the `.gitattributes` that tells git which files are pointers; without one where none is."""
    files.pop(git.ATTRIBUTES, None)
    large = [path for path, file in files.items() if file.is_large]
    if large:
        blob = store_text(git.attributes_text(large), by=by)
        files[git.ATTRIBUTES] = file_for(git.ATTRIBUTES, blob)
    return files


def _create(artifact: Artifact, tree: str, parent: Commit | None, draft: CommitDraft, by: Actor) -> Commit:
    text, author = draft.message.strip() + "\n", draft.author
    parents = [parent.sha1] if parent else []
    sha1 = git.commit_id(tree=tree, parents=parents, author=author, committer=author, message=text)
    known = Commit.objects.filter(artifact=artifact, sha1=sha1).first()
    if known is not None:
        return known
    return Commit.objects.create(
        artifact=artifact,
        sha1=sha1,
        parents=parents,
        tree_id=tree,
        author_name=author.name,
        author_email=author.email,
        authored_at=author.at,
        authored_zone=author.zone,
        committer_name=author.name,
        committer_email=author.email,
        committed_at=author.at,
        committed_zone=author.zone,
        message=text,
        created_by=str(by),
    )


def _note_changes(commit: Commit, before: Mapping[str, FileAt], after: Mapping[str, FileAt]) -> None:
    rows = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old and new and old.sha1 == new.sha1:
            continue
        change = Change.MODIFIED if old and new else Change.ADDED if new else Change.DELETED
        rows.append(PathChange(commit=commit, path=path, change=change))
    PathChange.objects.bulk_create(rows, ignore_conflicts=True)


def signature_of(by: Actor, now: datetime) -> git.Signature:
    """How an actor signs a commit: name and an address that reaches nobody, to the second."""
    moment = now.replace(microsecond=0)
    host = urlsplit(settings.PLATFORM_URL).hostname or "localhost"
    user = user_behind(by)
    if user is not None:
        handle = handle_of(user.public_id)
        local = handle.name if handle else user.public_id.lower()
        return git.Signature(git.clean(user.name or local), f"{local}@users.noreply.{host}", moment)
    name = "Job" if by.kind is ActorKind.JOB else "Headwaters"
    return git.Signature(f"{name} {by.public_id}", f"{by.public_id.lower()}@{by.kind}.noreply.{host}", moment)
