"""Reading bytes back."""

import io
from typing import BinaryIO

from institute.catalog.models import Blob
from institute.core.storage import store

MOST_TEXT = 1024 * 1024


def open_blob(blob: Blob) -> BinaryIO:
    """A seekable reader of the bytes. FileNotFoundError if the store has lost them."""
    return io.BytesIO(bytes(blob.inline)) if blob.inline is not None else store().open(blob.location)


def is_there(blob: Blob) -> bool:
    """Whether the bytes lie where they should."""
    return blob.inline is not None or store().size(blob.location) == blob.size


def text_of(blob: Blob, *, most: int = MOST_TEXT) -> str:
    """The bytes as text, at most `most` of them; what is no UTF-8 becomes a replacement character."""
    with open_blob(blob) as file:
        return file.read(most).decode("utf-8", errors="replace")
