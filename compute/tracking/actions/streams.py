"""Taking the lines of a post: what is held is compared, what is new is appended."""

from dataclasses import dataclass

from compute.tracking.actions.numbers import admitted_names, rewrite_rows, write_rows
from compute.tracking.enums import Stream
from compute.tracking.models import LogChunk, Run, RunWriter
from compute.tracking.models.log import BLOCK
from compute.tracking.queries.points import Row, chunks_over, rows_of
from compute.tracking.records import (
    WRITER_STEP,
    Record,
    first_output_time,
    first_time,
    is_same,
    record_of,
    take_step,
)
from compute.tracking.redaction import redact
from compute.tracking.rules.posts import Lines


@dataclass(slots=True)
class _Line:
    record: Record
    dropped: int
    step: int | None


def place(writer: RunWriter, stream: str, lines: Lines) -> tuple[int, tuple[str, ...]]:
    """The writer's own number of the first line, and the lines; a stream without a base gets it here.

    Lines below the base belong to an earlier part, which holds them: they are left out.
    """
    base = getattr(writer, f"base_{stream}")
    if base is None:
        base = lines.offset
        setattr(writer, f"base_{stream}", base)
        if getattr(writer, f"lines_{stream}") == 0:
            moment = (first_output_time if stream == "output" else first_time)(lines.content[0])
            setattr(writer, f"first_{stream}", moment)
    before = max(0, base - lines.offset)
    return max(0, lines.offset - base), lines.content[before:]


def take_numbers(run: Run, writer: RunWriter, stream: Stream, lines: Lines) -> bool:
    """Hold the lines of `stream`; True if anything changed. The caller saves run and writer."""
    if not lines.content:
        return False
    local, content = place(writer, stream.value, lines)
    parsed = _admit(run, stream, [_parse(line) for line in content])
    held = getattr(writer, f"lines_{stream.value}")
    known = parsed[: max(0, held - local)]
    fresh = parsed[len(known) :]
    is_changed = bool(known) and _correct(run, writer, stream, local, known)
    if fresh:
        first = local + len(known)
        writer.missing_lines += first - held
        run.values_dropped += sum(line.dropped for line in fresh)
        rows = _numbered(run, writer, stream, first, fresh)
        write_rows(run, writer, stream, rows)
        setattr(writer, f"lines_{stream.value}", first + len(fresh))
    return is_changed or bool(fresh)


def _parse(text: str) -> _Line:
    record, dropped = record_of(text)
    return _Line(record, dropped, take_step(record))


def _admit(run: Run, stream: Stream, parsed: list[_Line]) -> list[_Line]:
    names = {name for line in parsed for name in line.record}
    beyond = names - admitted_names(run, stream, sorted(names))
    for line in parsed if beyond else ():
        for name in beyond & line.record.keys():
            del line.record[name]
            line.dropped += 1
    return parsed


def _numbered(
    run: Run, writer: RunWriter, stream: Stream, first: int, fresh: list[_Line]
) -> list[tuple[int, int, Record]]:
    """(line, step, record) of new lines: the SDK's `_step`, moved on where a part counts from 0 again."""
    if stream == Stream.EVENTS:
        return [(first + i, first + i, line.record) for i, line in enumerate(fresh)]
    rows = []
    for i, line in enumerate(fresh):
        step = writer.last_step + 1 if line.step is None else line.step
        if writer.client_id:
            line.record[WRITER_STEP] = step
            shift = run.next_step - step
        else:
            if writer.last_step < 0 and step == 0:
                writer.step_shift = run.next_step - step
            shift = writer.step_shift
        writer.last_step = step
        rows.append((first + i, step + shift, line.record))
        run.next_step = max(run.next_step, step + shift + 1)
    return rows


def _correct(run: Run, writer: RunWriter, stream: Stream, local: int, known: list[_Line]) -> bool:
    """Rewrite those of the held lines that were sent with other values; True if there were any."""
    last = local + len(known) - 1
    held = rows_of(chunks_over(writer, stream, local, last))
    changed: dict[int, Row] = {}
    for i, line in enumerate(known):
        row = held.get(local + i)
        step = _step_again(writer, stream, local + i, line, row)
        if row is None and not line.record:
            continue
        if row is None or row.step != step or not is_same(row.record, line.record):
            changed[local + i] = Row(step, line.record)
            writer.missing_lines -= 1 if row is None and writer.missing_lines else 0
    if changed:
        run.next_step = max([run.next_step, *(row.step + 1 for row in changed.values() if stream == Stream.HISTORY)])
        rewrite_rows(run, writer, stream, changed)
    return bool(changed)


def _step_again(writer: RunWriter, stream: Stream, number: int, line: _Line, row: Row | None) -> int:
    """The run's step of a line that is sent again: in shared mode the one it got when it came first."""
    if stream == Stream.EVENTS:
        return number
    step = number if line.step is None else line.step
    if writer.client_id:
        line.record[WRITER_STEP] = step
    if row is not None and (writer.client_id or line.step is None):
        return row.step
    return step + writer.step_shift


def take_output(run: Run, writer: RunWriter, lines: Lines) -> bool:
    """Hold console lines: a line sent again overwrites (progress bars do). True if anything changed."""
    if not lines.content:
        return False
    first, content = place(writer, "output", lines)
    texts = [redact(text) for text in content]
    if not texts:
        return False
    end = first + len(texts)
    held = {
        chunk.block0: chunk
        for chunk in LogChunk.objects.filter(writer=writer, block0__gte=first - first % BLOCK, block0__lt=end)
    }
    for block0 in range(first - first % BLOCK, end, BLOCK):
        chunk = held.get(block0) or LogChunk(run=run, writer=writer, block0=block0, lines=[])
        before = list(chunk.lines)
        start, stop = max(first, block0), min(end, block0 + BLOCK)
        chunk.lines += [""] * (start - block0 - len(chunk.lines))
        chunk.lines[start - block0 : stop - block0] = texts[start - first : stop - first]
        if chunk.lines != before:
            chunk.save()
    writer.lines_output = max(writer.lines_output, end)
    return True
