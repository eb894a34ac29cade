"""Bytes in: hashed, examined and stored once, whoever brings them."""

import hashlib
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from institute.catalog.enums import BlobStatus, Verdict
from institute.catalog.formats import git, pickles, tensors
from institute.catalog.models import Artifact, Blob, BlobScan, Upload
from institute.catalog.queries.bytes import is_there
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.states import record_change
from institute.core.storage import read_chunks, store
from institute.people.models import User

INLINE_BYTES = 1024 * 1024
POSSESSION = timedelta(hours=24)


def blob_key(sha256: str) -> str:
    """Where bytes lie in the object store."""
    return f"blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def upload_file(*, artifact: Artifact, source: BinaryIO, user: User, by: Actor, now: datetime | None = None) -> Upload:
    """Keep the bytes of a seekable file and note that `user` brought them: for a day they may name the hash."""
    return upload_files(artifact=artifact, sources=[source], user=user, by=by, now=now)[0]


def upload_files(
    *, artifact: Artifact, sources: Sequence[BinaryIO], user: User, by: Actor, now: datetime | None = None
) -> list[Upload]:
    """As `upload_file`, for several in one transaction.

    They are kept in the order of their hashes: two people who bring the same files at once wait for each other.
    """
    digests = [_digest(source) for source in sources]
    uploads: dict[int, Upload] = {}
    with transaction.atomic():
        for number in sorted(range(len(sources)), key=lambda one: digests[one].sha256):
            blob = _store(sources[number], digests[number], by)
            uploads[number] = _note_upload(artifact, blob, user, by, now)
    return [uploads[number] for number in range(len(sources))]


def receive_upload(
    *,
    artifact: Artifact,
    chunks: Iterable[bytes],
    sha256: str,
    size: int,
    user: User,
    by: Actor,
    now: datetime | None = None,
) -> Upload:
    """As `upload_file`, for a body that arrives once: straight into the store under the announced hash.

    Raises WrongHash or Refused if hash or length are not those announced; then nothing is kept.
    """
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise Refused(_("A SHA-256 is 64 hexadecimal digits."), field="sha256", rule="sha256-form")
    known = _usable(sha256)
    if known is not None:
        _check_known(chunks, sha256)
        return _note_upload(artifact, known, user, by, now)
    counted = _Counted(chunks, size)
    stored = store().write(blob_key(sha256), counted, max_bytes=size, sha256=sha256)
    if stored.size != size:
        raise Refused(
            _("The body has %(got)s bytes instead of %(said)s.") % {"got": stored.size, "said": size},
            rule="length",
            way_out=_("Send it again."),
        )
    with store().open(stored.key) as file:
        blob = _keep(file, _Digests(sha256, counted.sha1.hexdigest(), size), location=stored.key, by=by)
    return _note_upload(artifact, blob, user, by, now)


def store_blob(*, source: BinaryIO, by: Actor) -> Blob:
    """Keep the bytes of a seekable file; the row of bytes that are known already is returned as it is."""
    return _store(source, _digest(source), by)


def _store(source: BinaryIO, digests: "_Digests", by: Actor) -> Blob:
    known = _usable(digests.sha256)
    return known if known is not None else _keep(source, digests, location="", by=by)


def place_in_store(*, sha256s: Collection[str]) -> dict[str, str]:
    """Make sure that bytes lie in the object store, where jobs fetch them; their keys by SHA-256.

    Small text that lay in its row moves there: the bytes stay the same, so nothing is audited.
    """
    blobs = Blob.objects.in_bulk(sha256s)
    for blob in blobs.values():
        if blob.inline is not None:
            key = store().write(blob_key(blob.sha256), [bytes(blob.inline)], sha256=blob.sha256).key
            Blob.objects.filter(pk=blob.pk).update(location=key, inline=None)
            blob.location = key
    return {sha256: blob.location for sha256, blob in blobs.items()}


def store_text(text: str, *, by: Actor) -> Blob:
    """Keep a text as UTF-8."""
    return store_blob(source=io.BytesIO(text.encode()), by=by)


@dataclass(frozen=True, slots=True)
class _Digests:
    sha256: str
    git_sha1: str
    size: int


class _Counted:
    """Chunks that are also hashed as a git object while they pass."""

    def __init__(self, chunks: Iterable[bytes], size: int) -> None:
        self.chunks, self.sha1 = chunks, git.blob_digest(size)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.sha1.update(chunk)
            yield chunk


def _digest(source: BinaryIO) -> _Digests:
    source.seek(0, 2)
    size = source.tell()
    sha256, sha1 = hashlib.sha256(), git.blob_digest(size)
    source.seek(0)
    for chunk in read_chunks(source):
        sha256.update(chunk)
        sha1.update(chunk)
    return _Digests(sha256.hexdigest(), sha1.hexdigest(), size)


def _check_known(chunks: Iterable[bytes], sha256: str) -> None:
    # Who sends other bytes than announced must not be taken for their owner.
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise Refused(_("The bytes are not those announced."), field="sha256", rule="wrong-hash")


def _usable(sha256: str) -> Blob | None:
    """The row of known bytes whose place still holds them."""
    blob = Blob.objects.filter(sha256=sha256).first()
    if blob is None or blob.status in {BlobStatus.DOOMED, BlobStatus.SWEPT}:
        return None
    return blob if is_there(blob) else None


def _keep(source: BinaryIO, digests: _Digests, *, location: str, by: Actor) -> Blob:
    source.seek(0)
    sample = source.read(git.SAMPLE_BYTES)
    text = git.is_text(sample)
    inline: bytes | None = None
    if not location and text and digests.size <= INLINE_BYTES:
        source.seek(0)
        inline = source.read()
    elif not location:
        source.seek(0)
        location = store().write(blob_key(digests.sha256), read_chunks(source), sha256=digests.sha256).key
    verdict, report = examine(source)
    with transaction.atomic():
        blob, is_new = Blob.objects.get_or_create(
            sha256=digests.sha256,
            defaults={
                "git_sha1": digests.git_sha1,
                "size": digests.size,
                "inline": inline,
                "location": location,
                "is_text": text,
                "header": _header(source, digests.size),
            },
        )
        BlobScan.objects.get_or_create(
            blob=blob,
            scanner=pickles.SCANNER,
            version=pickles.VERSION,
            defaults={"verdict": verdict, "report": {"found": report} if report else {}},
        )
        if is_new:
            record_change(blob, from_status="", to_status=blob.status, by=by)
    return blob


def examine(source: BinaryIO) -> tuple[Verdict, str]:
    """(verdict, what was found) of the pickle scanner."""
    try:
        found = pickles.find_pickle(source)
    except pickles.TooDeep as reason:
        return Verdict.UNKNOWN, str(reason)
    return (Verdict.UNSAFE, found) if found else (Verdict.CLEAN, "")


def _header(source: BinaryIO, size: int) -> dict[str, object]:
    """What the head of a safetensors file says; {} for any other file."""
    source.seek(8)
    if source.read(1) != b"{":
        return {}
    try:
        return tensors.read_header(source, size)
    except tensors.BadTensors:
        return {}


def _note_upload(artifact: Artifact, blob: Blob, user: User, by: Actor, now: datetime | None) -> Upload:
    with transaction.atomic():
        upload = Upload.objects.create(
            user=user,
            artifact=artifact,
            blob=blob,
            expires_at=(now or timezone.now()) + POSSESSION,
            created_by=str(by),
        )
        details = {"sha256": blob.sha256, "bytes": blob.size}
        audit.record(by=by, action="blob.upload", subject=artifact, details=details)
    return upload
