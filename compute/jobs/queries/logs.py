"""What attempts printed."""

from dataclasses import dataclass

from django.db.models import F, QuerySet, Subquery

from compute.jobs.models import Attempt, PodLog
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
    parts = attempt.log_parts.filter(offset__gt=offset - F("size"), offset__lt=offset + limit)
    return _text(parts, offset, limit)


def log_tail(attempt: Attempt) -> LogText:
    """The last part of what the attempt printed, from the beginning of a line on. One statement."""
    ends = attempt.log_parts.order_by("-offset").annotate(end=F("offset") + F("size")).values_list("end")[:1]
    parts = attempt.log_parts.filter(offset__gt=Subquery(ends) - TAIL_BYTES - F("size"))
    tail = _text(parts, 0, TAIL_BYTES + MOST_BYTES)
    if tail.offset > 0 and "\n" in tail.text:
        return LogText(tail.offset, tail.next_offset, tail.text.split("\n", 1)[1])
    return tail


def _text(parts: QuerySet[PodLog], offset: int, limit: int) -> LogText:
    data, start = bytearray(), offset
    for part in parts.order_by("offset"):
        if not data:
            start = max(part.offset, offset)
        data += bytes(part.data)[max(0, offset - part.offset) :]
    whole = _whole_characters(bytes(data[:limit]))
    return LogText(start, start + len(whole), mask(whole.decode(errors="replace").replace("\x00", "�")))


def _whole_characters(data: bytes) -> bytes:
    """`data` without the beginning of a character whose rest is still to come."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0b1100_0000 != 0b1000_0000:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return data[:-back] if length > back else data
    return data
