"""What attempts printed."""

from dataclasses import dataclass

from compute.jobs.models import Attempt
from institute.people.tokens import mask

TAIL_BYTES = 64 * 1024
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogText:
    """Text from byte `offset` up to `next_offset`; tokens in it are blanked."""

    offset: int
    next_offset: int
    text: str


def log_size(attempt: Attempt) -> int:
    """How many bytes of the attempt's output are stored."""
    last = attempt.log_parts.order_by("-offset").only("offset", "size").first()
    return last.offset + last.size if last else 0


def log_from(attempt: Attempt, offset: int, limit: int = MOST_BYTES) -> LogText:
    """At most `limit` bytes from `offset` on, cut between characters."""
    data, start = bytearray(), None
    parts = attempt.log_parts.filter(offset__lt=offset + limit).order_by("offset")
    for part in parts.filter(offset__gte=_start_of(attempt, offset)).iterator(chunk_size=4):
        begin = max(0, offset - part.offset)
        if begin < part.size:
            start = part.offset + begin if start is None else start
            data += bytes(part.data)[begin:]
    data = data[:limit]
    whole = _whole_characters(bytes(data))
    start = offset if start is None else start
    return LogText(start, start + len(whole), mask(whole.decode(errors="replace").replace("\x00", "�")))


def log_tail(attempt: Attempt) -> LogText:
    """The last part of what the attempt printed, from the beginning of a line on."""
    size = log_size(attempt)
    tail = log_from(attempt, max(0, size - TAIL_BYTES), TAIL_BYTES)
    if tail.offset > 0 and "\n" in tail.text:
        return LogText(tail.offset, tail.next_offset, tail.text.split("\n", 1)[1])
    return tail


def _start_of(attempt: Attempt, offset: int) -> int:
    """The offset of the part that holds byte `offset`."""
    part = attempt.log_parts.filter(offset__lte=offset).order_by("-offset").only("offset").first()
    return part.offset if part else 0


def _whole_characters(data: bytes) -> bytes:
    """`data` without the beginning of a character whose rest is still to come."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0b1100_0000 != 0b1000_0000:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return data[:-back] if length > back else data
    return data
