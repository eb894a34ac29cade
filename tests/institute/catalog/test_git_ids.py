"""Git ids are git's own: the golden ones of the design, and what `git fsck` says of objects written as we hash them."""

import hashlib
import subprocess
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from institute.catalog import actions
from institute.catalog.actions.commits import CommitDraft, write_commit
from institute.catalog.formats import git
from institute.catalog.models import Artifact, Commit, TreeEntry
from institute.catalog.queries import trees
from institute.catalog.queries.bytes import open_blob
from institute.catalog.queries.verification import commit_id
from tests.factories.allocations import project_with
from tests.factories.catalog import artifact_of, committed, safetensors, uploaded
from tests.factories.people import TESTER, UserFactory

ADA = git.Signature("Ada L", "ada@example.org", datetime.fromtimestamp(1700000000, UTC))
TREE = "08b0d47f4f2e07885022984320f6f8fac0ad89a3"
COMMIT = "945e4dca55c6722e5c5ff90b388883e3b6e21784"


def golden_tree() -> str:
    folder = git.tree_id([git.Entry(git.FILE, "b.txt", git.object_id("blob", b"x"))])
    return git.tree_id(
        [git.Entry(git.FOLDER, "d", folder), git.Entry(git.FILE, "a.txt", git.object_id("blob", b"hello"))]
    )


def test_golden_tree_and_commit() -> None:
    assert golden_tree() == TREE
    assert git.commit_id(tree=TREE, parents=[], author=ADA, committer=ADA, message="first\n") == COMMIT


def test_golden_pointer() -> None:
    sha256 = hashlib.sha256(b"a" * 100).hexdigest()
    assert len(git.lfs_pointer(sha256, 100)) == 128
    assert git.lfs_pointer_id(sha256, 100) == "a5841a4f5d398241f16e2f9685809e50945ee5d0"


def test_folders_sort_as_if_they_ended_in_a_slash() -> None:
    blob = git.object_id("blob", b"")
    body = git.tree_body([git.Entry(git.FOLDER, "a", blob), git.Entry(git.FILE, "a.txt", blob)])
    assert body.index(b"100644 a.txt") < body.index(b"40000 a\0")


@pytest.mark.parametrize(
    ("name", "size", "text", "is_large"),
    [
        ("model.safetensors", 10, True, True),
        ("notes.txt", 10, True, False),
        ("notes.txt", git.LFS_FROM_BYTES + 1, True, True),
        ("notes.txt", git.LFS_FROM_BYTES, True, False),
        ("blob", 10, False, True),
        ("folder.bin/readme", 10, True, False),
    ],
)
def test_large_files_are_known_by_kind_size_and_content(name: str, size: int, text: bool, is_large: bool) -> None:
    assert git.is_large(name, size, text=text) is is_large


def test_a_signature_never_breaks_the_commit() -> None:
    signature = git.Signature("A <b>\n c", "\n", datetime.fromtimestamp(0, UTC))
    assert str(signature) == "A b c <unknown> 0 +0000"


def test_attributes_name_kinds_and_odd_paths() -> None:
    text = git.attributes_text(["model.safetensors", "odd name[1].dat"])
    assert "*.safetensors filter=lfs diff=lfs merge=lfs -text" in text
    assert text.splitlines()[-1] == "/odd?name[[]1].dat filter=lfs diff=lfs merge=lfs -text"


@pytest.mark.django_db
def test_a_commit_of_the_golden_files_has_the_golden_ids() -> None:
    project = project_with()
    artifact = artifact_of(project)
    user = UserFactory.create()
    changes = [
        actions.Put("a.txt", uploaded(artifact, b"hello", user)),
        actions.Put("d/b.txt", uploaded(artifact, b"x", user)),
    ]
    commit = write_commit(artifact=artifact, changes=changes, draft=CommitDraft("first", ADA), by=TESTER)
    assert (commit.tree_id, commit.sha1) == (TREE, COMMIT)
    assert commit_id(Commit.objects.get(pk=commit.pk)) == COMMIT


def write_object(repository: Path, kind: str, body: bytes) -> str:
    sha1 = git.object_id(kind, body)
    path = repository / "objects" / sha1[:2] / sha1[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zlib.compress(f"{kind} {len(body)}\0".encode() + body))
    return sha1


def export(artifact: Artifact, repository: Path) -> None:
    """Every object of an artefact's history as a bare repository whose main branch is ours."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(repository)], check=True)
    for commit in artifact.commits.all():
        signatures = [
            git.Signature(name, email, at, zone)
            for name, email, at, zone in (
                (commit.author_name, commit.author_email, commit.authored_at, commit.authored_zone),
                (commit.committer_name, commit.committer_email, commit.committed_at, commit.committed_zone),
            )
        ]
        body = git.commit_body(
            tree=commit.tree_id,
            parents=commit.parents,
            author=signatures[0],
            committer=signatures[1],
            message=commit.message,
        )
        assert write_object(repository, "commit", body) == commit.sha1
        for file in trees.files_of(commit):
            with open_blob(trees.blob_of(file)) as reader:
                content = reader.read()
            written = git.lfs_pointer(file.sha256, file.size) if file.is_large else content
            assert write_object(repository, "blob", written) == file.sha1
    for tree in set(TreeEntry.objects.values_list("tree", flat=True)):
        entries = [git.Entry(row.mode, row.name, row.sha1) for row in TreeEntry.objects.filter(tree=tree)]
        assert write_object(repository, "tree", git.tree_body(entries)) == tree
    head = trees.head_of(artifact)
    assert head is not None
    (repository / "refs" / "heads" / "main").write_text(head.sha1 + "\n")


def run_git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.django_db
def test_git_itself_finds_the_history_clean(tmp_path: Path) -> None:
    user = UserFactory.create(name="Ada <L>\nLovelace")
    project = project_with(lead=user)
    artifact = artifact_of(project)
    committed(artifact, user, {"a.txt": b"hello", "d/b.txt": b"x", "d/e/c.txt": "é\n".encode()}, message="First")
    committed(
        artifact, user, {"model.safetensors": safetensors(w=[2, 2]), "odd file": b"\0\1"}, message="Weights\n\nmore"
    )
    actions.commit_files(
        artifact=artifact, changes=[actions.Delete("d/e")], message="Remove", by=user.actor, parent=None
    )
    export(artifact, tmp_path / "r.git")

    assert "error" not in run_git(tmp_path / "r.git", "fsck", "--full", "--strict")
    listed = run_git(tmp_path / "r.git", "ls-tree", "-r", "--name-only", "-z", "main")
    assert sorted(listed.strip("\0").split("\0")) == [
        ".gitattributes",
        "a.txt",
        "d/b.txt",
        "model.safetensors",
        "odd file",
    ]
    assert len(run_git(tmp_path / "r.git", "log", "--format=%s").splitlines()) == 3
    pointer = run_git(tmp_path / "r.git", "show", "main:model.safetensors")
    assert pointer.startswith("version https://git-lfs.github.com/spec/v1\noid sha256:")
