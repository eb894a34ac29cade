"""Files become commits: possession, paths, parents, trees."""

import hashlib
import io
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from institute.catalog import actions, rules
from institute.catalog.actions.blobs import blob_key, place_in_store, store_blob, store_text
from institute.catalog.actions.commits import signature_of
from institute.catalog.enums import ArtifactKind, BlobStatus, Verdict
from institute.catalog.models import Blob, BlobScan, PathChange, Tree, Upload
from institute.catalog.queries import trees
from institute.catalog.queries.bytes import is_there, open_blob, text_of
from institute.core.actors import Actor, ActorKind
from institute.core.errors import Conflict, Refused
from institute.core.storage import WrongHash, store
from institute.people.enums import HandleKind
from institute.people.models import Handle
from tests.factories.allocations import member_of, project_with
from tests.factories.catalog import (
    artifact_of,
    committed,
    drafted,
    person_handle,
    project_handle,
    published,
    safetensors,
    uploaded,
)
from tests.factories.people import TESTER, UserFactory

pytestmark = pytest.mark.django_db


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_small_text_lies_in_its_row_all_else_in_the_store() -> None:
    text = store_blob(source=io.BytesIO(b"hello"), by=TESTER)
    weights = store_blob(source=io.BytesIO(safetensors(w=[2, 3])), by=TESTER)
    assert (bytes(text.inline or b""), text.location) == (b"hello", "")
    assert weights.location == blob_key(weights.sha256)
    assert weights.header["parameters"] == 6
    assert text_of(text) == "hello"
    assert BlobScan.objects.get(blob=weights).verdict == Verdict.CLEAN
    assert store_blob(source=io.BytesIO(b"hello"), by=TESTER) == text
    assert store_text("hello", by=TESTER) == text


def test_text_of_a_job_input_moves_to_the_store() -> None:
    blob = store_text("hello", by=TESTER)
    keys = place_in_store(sha256s=[blob.sha256])
    blob.refresh_from_db()
    assert keys == {blob.sha256: blob.location} and blob.inline is None
    assert place_in_store(sha256s=[blob.sha256]) == keys
    assert text_of(blob) == "hello"


def test_lost_bytes_are_written_again() -> None:
    content = safetensors(w=[2, 3])
    blob = store_blob(source=io.BytesIO(content), by=TESTER)
    store().delete(blob.location)
    assert not is_there(blob)
    assert store_blob(source=io.BytesIO(content), by=TESTER) == blob
    assert is_there(blob)
    Blob.objects.filter(pk=blob.pk).update(status=BlobStatus.SWEPT)
    store_blob(source=io.BytesIO(content), by=TESTER)
    assert BlobScan.objects.filter(blob=blob).count() == 1


def test_an_archive_that_cannot_be_read_is_not_clean() -> None:
    blob = store_blob(source=io.BytesIO(b"PK\x03\x04 nothing"), by=TESTER)
    assert BlobScan.objects.get(blob=blob).verdict == Verdict.UNKNOWN


def test_a_file_that_only_looks_like_tensors_has_no_header() -> None:
    blob = store_blob(source=io.BytesIO(b"12345678{broken"), by=TESTER)
    assert blob.header == {}


def test_a_streamed_body_is_kept_under_its_announced_hash() -> None:
    artifact, user = artifact_of(project_with()), UserFactory.create()
    content = b"\0binary" * 10
    given = {"artifact": artifact, "user": user, "by": user.actor}
    chunks = [content[:7], content[7:]]
    upload = actions.receive_upload(chunks=chunks, sha256=sha256_of(content), size=len(content), **given)
    with open_blob(upload.blob) as reader:
        assert reader.read() == content
    again = actions.receive_upload(chunks=[content], sha256=sha256_of(content), size=len(content), **given)
    assert (again.blob, Upload.objects.count()) == (upload.blob, 2)
    with pytest.raises(Refused, match="not those announced"):
        actions.receive_upload(chunks=[b"other"], sha256=sha256_of(content), size=5, **given)
    with pytest.raises(WrongHash):
        actions.receive_upload(chunks=[b"other"], sha256="a" * 64, size=5, **given)
    with pytest.raises(Refused, match="64 hexadecimal"):
        actions.receive_upload(chunks=[b"other"], sha256="x", size=5, **given)
    with pytest.raises(Refused, match="2 bytes instead of 3"):
        actions.receive_upload(chunks=[b"ab"], sha256=sha256_of(b"ab"), size=3, **given)
    with pytest.raises(Refused, match="longer"):
        actions.receive_upload(chunks=[b"abcd"], sha256=sha256_of(b"abcd"), size=3, **given)


def test_a_hash_alone_opens_nothing() -> None:
    owner, thief = UserFactory.create(), UserFactory.create()
    secret = artifact_of(project_with(lead=owner), name="secret")
    committed(secret, owner, {"d/key.txt": b"the secret"})
    own = artifact_of(project_with(lead=thief), name="own")
    steal = [actions.Put("stolen.txt", sha256_of(b"the secret"))]
    with pytest.raises(Refused, match="not uploaded") as refusal:
        actions.commit_files(artifact=own, changes=steal, message="m", by=thief.actor)
    assert refusal.value.rule == "possession"
    with pytest.raises(Refused, match="not uploaded"):
        actions.commit_files(artifact=own, changes=[actions.Put("a", "0" * 64)], message="m", by=thief.actor)
    assert not PathChange.objects.filter(path="stolen.txt").exists()


def test_who_may_read_a_file_may_name_it() -> None:
    owner, member = UserFactory.create(), UserFactory.create()
    project = project_with(lead=owner)
    committed(artifact_of(project, name="one"), owner, {"d/a.txt": b"shared"})
    member_of(project, member)
    two = artifact_of(project, name="two")
    change = [actions.Put("copy.txt", sha256_of(b"shared"))]
    assert actions.commit_files(artifact=two, changes=change, message="m", by=member.actor)


def test_what_is_public_may_be_named_by_everybody() -> None:
    revision, stranger = published(), UserFactory.create()
    file = trees.file_at(revision.commit, "tokenizer/vocab.txt")
    assert file is not None
    own = artifact_of(project_with(lead=stranger), name="own")
    change = [actions.Put("vocab.txt", file.sha256)]
    assert actions.commit_files(artifact=own, changes=change, message="m", by=stranger.actor)
    hidden = trees.file_at(drafted(files={"x.txt": b"hidden"}).commit, "x.txt")
    assert hidden is not None
    with pytest.raises(Refused, match="not uploaded"):
        actions.commit_files(artifact=own, changes=[actions.Put("x", hidden.sha256)], message="m", by=stranger.actor)


def test_possession_ends_after_a_day() -> None:
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    sha256 = uploaded(artifact, b"late", user)
    later = timezone.now() + timedelta(hours=24, seconds=1)
    with pytest.raises(Refused, match="not uploaded"):
        actions.commit_files(
            artifact=artifact, changes=[actions.Put("a", sha256)], message="m", by=user.actor, now=later
        )


@pytest.mark.parametrize(
    "path",
    [
        *("", "/a", "a//b", "a/", "../a", "a/../b", "./a", "a\\b", "a\nb", "a\x7f", ".git", "a/.GIT/b", "\ud800"),
        *(".gitattributes", "a" * 256, "a/" * 600 + "b"),
    ],
)
def test_paths_that_git_or_a_disk_cannot_hold_are_refused(path: str) -> None:
    with pytest.raises(Refused, match="cannot be a path"):
        rules.check_paths([path])


@pytest.mark.parametrize("path", ["a", "a/b.txt", ".hidden", "a b", "é/ü", ".gitignore", "a/.gitattributes", "..a"])
def test_other_paths_are_fine(path: str) -> None:
    rules.check_paths([path])


def test_a_path_is_named_once() -> None:
    with pytest.raises(Refused, match="named twice"):
        rules.check_paths(["a", "a"])


def test_a_commit_needs_a_message_a_person_a_change() -> None:
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    put = actions.Put("a", uploaded(artifact, b"1", user))
    with pytest.raises(Refused, match="in one line"):
        actions.commit_files(artifact=artifact, changes=[put], message=" ", by=user.actor)
    with pytest.raises(Refused, match="Only people"):
        actions.commit_files(artifact=artifact, changes=[put], message="m", by=TESTER)
    actions.commit_files(artifact=artifact, changes=[put], message="m", by=user.actor)
    with pytest.raises(Refused, match="change nothing"):
        actions.commit_files(artifact=artifact, changes=[put], message="m", by=user.actor)
    with pytest.raises(Refused, match="no “b”"):
        actions.commit_files(artifact=artifact, changes=[actions.Delete("b")], message="m", by=user.actor)
    with pytest.raises(Refused, match="cannot also be a folder"):
        below = actions.Put("a/b", put.sha256)
        actions.commit_files(artifact=artifact, changes=[below], message="m", by=user.actor)
    with pytest.raises(Refused, match="25,000"):
        many = [actions.Delete(str(n)) for n in range(25_001)]
        actions.commit_files(artifact=artifact, changes=many, message="m", by=user.actor)


def test_a_stale_parent_is_refused() -> None:
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    first = committed(artifact, user, {"a": b"1"}, parent="")
    with pytest.raises(Conflict, match="updated since"):
        committed(artifact, user, {"a": b"2"}, parent="")
    second = committed(artifact, user, {"a": b"2"}, parent=first.sha1)
    assert second.parents == [first.sha1]
    assert [change.change for change in second.changes.all()] == ["modified"]
    assert trees.history_of(second) == [second, first]


def test_attributes_come_and_go_with_large_files() -> None:
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    commit = committed(artifact, user, {"a.bin": b"x", "README.md": b"hi"})
    assert [file.path for file in trees.files_of(commit)] == [".gitattributes", "README.md", "a.bin"]
    commit = actions.commit_files(artifact=artifact, changes=[actions.Delete("a.bin")], message="m", by=user.actor)
    assert [file.path for file in trees.files_of(commit)] == ["README.md"]
    assert (trees.text_at(commit, "README.md"), trees.text_at(commit, "none")) == ("hi", "")
    changes = dict(commit.changes.values_list("path", "change"))
    assert changes == {"a.bin": "deleted", ".gitattributes": "deleted"}


def test_equal_folders_share_their_trees() -> None:
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    committed(artifact, user, {"one/x": b"1", "two/x": b"1"})
    assert Tree.objects.count() == 2


def test_the_same_commit_again_is_the_same_row() -> None:
    user = UserFactory.create()
    project = project_with(lead=user)
    artifact = artifact_of(project)
    with time_machine.travel("2026-11-24T12:00:00Z", tick=False):
        one = committed(artifact, user, {"a": b"1"})
        two = committed(artifact, user, {"a": b"1"}, ref="refs/heads/other")
    assert one == two


def test_names_of_commits() -> None:
    user = UserFactory.create()
    artifact = artifact_of(project_with(lead=user))
    assert trees.commit_named(artifact, "main") is None
    commit = committed(artifact, user, {"a": b"1"})
    revision = actions.draft_revision(artifact=artifact, by=TESTER)
    for name in ("main", revision.label, commit.sha1, commit.sha1[:7], commit.sha1.upper()):
        assert trees.commit_named(artifact, name) == commit
    for name in ("v9", commit.sha1[:6], "0" * 40, "x" * 41):
        assert trees.commit_named(artifact, name) is None


def test_who_signs_a_commit() -> None:
    now = timezone.now()
    user = UserFactory.create(name="")
    person_handle(user, "ada")
    assert signature_of(user.actor, now).email == "ada@users.noreply.localhost"
    assert signature_of(user.actor, now).name == "ada"
    nameless = UserFactory.create(name="Ada")
    assert signature_of(nameless.actor, now).email.startswith(nameless.public_id.lower())
    job = signature_of(Actor(ActorKind.JOB, "01JOB"), now)
    assert (job.name, job.email) == ("Job 01JOB", "01job@job.noreply.localhost")
    assert signature_of(TESTER, now).name == "Headwaters tests"


def test_an_artefact_belongs_to_its_handles_owner() -> None:
    project, user = project_with(), UserFactory.create()
    own = actions.create_artifact(
        kind=ArtifactKind.CODE, namespace=person_handle(user, "ada"), name="tool", by=user.actor, summary=" A tool "
    )
    assert (own.owner, own.project, own.summary) == (user, None, "A tool")
    assert artifact_of(project).project == project
    institute = Handle.objects.create(name="institute", kind=HandleKind.INSTITUTE)
    theirs = actions.create_artifact(kind=ArtifactKind.MODEL, namespace=institute, name="m", by=TESTER)
    assert (theirs.owner, theirs.project) == (None, None)


def test_names_of_artefacts() -> None:
    project = project_with()
    artifact_of(project, name="Model")
    with pytest.raises(Conflict, match="exists already"):
        artifact_of(project, name="model")
    assert artifact_of(project, name="model", kind=ArtifactKind.DATASET)
    for bad in ("", "a/b", "-a", "resolve", "é", "a" * 97):
        with pytest.raises(Refused, match="cannot be a name"):
            artifact_of(project, name=bad)
    mirror = Handle.objects.create(name="mirror", kind=HandleKind.MIRROR)
    with pytest.raises(Refused, match="read only"):
        actions.create_artifact(kind=ArtifactKind.MODEL, namespace=mirror, name="m", by=TESTER)


def test_words_under_which_it_is_found() -> None:
    artifact = artifact_of(project_with())
    changed = actions.describe_artifact(artifact=artifact, summary=" New ", tags=["NLP", "sw", "sw", ""], by=TESTER)
    assert (changed.summary, changed.tags) == ("New", ["nlp", "sw"])
    for tags in (["a b"], [str(n) for n in range(51)]):
        with pytest.raises(Refused, match="Tags are words"):
            actions.describe_artifact(artifact=artifact, summary="", tags=tags, by=TESTER)


def test_who_may_create_under_a_handle() -> None:
    lead, other = UserFactory.create(), UserFactory.create()
    handle = project_handle(project_with(lead=lead))
    assert lead.has_perm("catalog.create_artifact", handle)
    assert not other.has_perm("catalog.create_artifact", handle)
    own = person_handle(other, "other")
    assert other.has_perm("catalog.create_artifact", own)
    assert not lead.has_perm("catalog.create_artifact", own)
    assert not lead.has_perm("catalog.create_artifact", Handle(name="m", kind=HandleKind.MIRROR))
    assert not lead.has_perm("catalog.create_artifact", Handle(name="i", kind=HandleKind.INSTITUTE))
    assert not lead.has_perm("catalog.create_artifact", None)
