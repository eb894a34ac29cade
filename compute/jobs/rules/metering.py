"""How observed use becomes slices: whole seconds, cells, idle time. Pure functions over instants."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One pod of the gang in use from `starts_at` to `ends_at`: its end, or how far it is proved."""

    index: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Whole seconds since the epoch, half open."""

    start: int
    end: int

    @property
    def starts_at(self) -> datetime:
        """The first instant."""
        return EPOCH + self.start * SECOND

    @property
    def ends_at(self) -> datetime:
        """The instant after its last."""
        return EPOCH + self.end * SECOND


@dataclass(frozen=True, slots=True)
class Cell:
    """What an attempt used in one cell of time. `seconds` leaves out the idle ones."""

    slice_no: int
    start: int
    end: int
    seconds: int

    @property
    def idle_seconds(self) -> int:
        """Seconds within the slice in which the gang was not whole."""
        return self.end - self.start - self.seconds

    @property
    def starts_at(self) -> datetime:
        """The first instant of the slice."""
        return EPOCH + self.start * SECOND

    @property
    def ends_at(self) -> datetime:
        """The instant after its last."""
        return EPOCH + self.end * SECOND


def second_at_or_after(instant: datetime) -> int:
    """A start rounds up."""
    return -((EPOCH - instant) // SECOND)


def second_at_or_before(instant: datetime) -> int:
    """An end rounds down."""
    return (instant - EPOCH) // SECOND


def bound_spans(stretches: Iterable[Stretch], *, processes: int) -> list[Span]:
    """When all `processes` pods of the gang held their accelerators, in order, in whole seconds."""
    by_index: dict[int, list[Span]] = {index: [] for index in range(processes)}
    for stretch in stretches:
        span = Span(second_at_or_after(stretch.starts_at), second_at_or_before(stretch.ends_at))
        if stretch.index in by_index and span.start < span.end:
            by_index[stretch.index].append(span)
    unions = [_union(spans) for spans in by_index.values()]
    bound = unions[0]
    for other in unions[1:]:
        bound = list(_common(bound, other))
    return bound


def _union(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def _common(left: Sequence[Span], right: Sequence[Span]) -> Iterator[Span]:
    for one in left:
        for other in right:
            start, end = max(one.start, other.start), min(one.end, other.end)
            if start < end:
                yield Span(start, end)


def cells(spans: Sequence[Span], *, cell_seconds: int, is_over: bool) -> list[Cell]:
    """The slices due: those of cells that are over, and the last one too once the attempt is over.

    A slice reaches from the first to the last use of the attempt within its cell, so time between two
    spans is idle time of the slices it touches; a cell without any use has no slice.
    """
    if not spans:
        return []
    first, last = spans[0].start, spans[-1].end
    due = []
    for number in range(first // cell_seconds, (last - 1) // cell_seconds + 1):
        start, end = max(number * cell_seconds, first), min((number + 1) * cell_seconds, last)
        seconds = sum(max(0, min(span.end, end) - max(span.start, start)) for span in spans)
        if seconds and (is_over or last >= (number + 1) * cell_seconds):
            due.append(Cell(number, start, end, seconds))
    return due


def refund_claim(
    *, accelerators: int, released: int, durable: int | None, bound: int, captured: int, longest_s: int = 14_400
) -> int:
    """Accelerator-seconds that an infrastructure failure took: back to the last durable checkpoint, at
    most four hours, at most what was captured."""
    since = max(bound, durable) if durable is not None else bound
    return min(accelerators * min(max(0, released - since), longest_s), captured)
