"""Files of a run: announced, then uploaded."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from compute.tracking.actions.lifecycle import hint_pages, locked
from compute.tracking.enums import FileKind
from compute.tracking.models import Run, RunFile
from compute.tracking.redaction import WRITTEN_BY_SDK, clean_file, storable
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.ids import new_ulid
from institute.core.storage import store

MAX_FILE = 5 * 1024**3
MAX_OWN_FILE = 16 * 1024**2
MAX_FILES = 10_000


def announce_files(*, run: Run, paths: Sequence[str], by: Actor) -> list[RunFile]:
    """A row for each path, in their order; those known stay as they are. Raises Refused beyond 10,000 files."""
    wanted = [storable(path)[:1000] for path in paths]
    with transaction.atomic():
        run = locked(run)
        known = {file.path: file for file in RunFile.objects.filter(run=run, path__in=wanted)}
        fresh = [path for path in dict.fromkeys(wanted) if path not in known]
        if fresh and RunFile.objects.filter(run=run).count() + len(fresh) > MAX_FILES:
            raise Refused(f"A run holds at most {MAX_FILES} files.", rule="too-many-files")
        made = RunFile.objects.bulk_create(
            RunFile(run=run, path=path, kind=_kind(path), created_by=str(by)) for path in fresh
        )
        known |= {file.path: file for file in made}
    return [known[path] for path in wanted]


def _kind(path: str) -> FileKind:
    return FileKind.MEDIA if path.startswith("media/") else FileKind.FILE


class _Digest:
    """Passes chunks through and sums them up."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = chunks
        self.md5 = hashlib.md5(usedforsecurity=False)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.md5.update(chunk)
            yield chunk


def upload_file(*, file: RunFile, chunks: Iterable[bytes], now: datetime | None = None) -> RunFile:
    """Keep the bytes of a file, in place of earlier ones. What the SDK writes by itself is redacted.

    The bytes are in the store before the row names them; those replaced go once the row is committed.
    Raises TooLarge beyond 5 GiB.
    """
    run = file.run
    assert run is not None  # artifacts' files have actions of their own
    limit = MAX_FILE
    if file.path in WRITTEN_BY_SDK:
        chunks, limit = [clean_file(file.path, _read(chunks))], MAX_OWN_FILE
    digest = _Digest(chunks)
    stored = store().write(f"runs/{run.public_id}/{new_ulid()}", digest, max_bytes=limit)
    with transaction.atomic():
        file = RunFile.objects.select_for_update().get(pk=file.pk)
        replaced = file.storage_key
        file.storage_key, file.size, file.sha256 = stored.key, stored.size, stored.sha256
        file.md5, file.uploaded_at = digest.md5.hexdigest(), now or timezone.now()
        file.save(update_fields=["storage_key", "size", "sha256", "md5", "uploaded_at"])
        if replaced:
            transaction.on_commit(lambda: store().delete(replaced))
        hint_pages(run, "files")
    return file


def _read(chunks: Iterable[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MAX_OWN_FILE:
            raise Refused(f"This file has at most {MAX_OWN_FILE} bytes.", rule="too-large")
    return bytes(content)
