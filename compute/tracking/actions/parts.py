"""Which part of the run a post belongs to (TRACKING's ingest rules 3 and 4)."""

from collections.abc import Mapping

from django.db.models import Max, Q

from compute.tracking.actions.numbers import recount_keys
from compute.tracking.models import Run, RunWriter
from compute.tracking.records import first_output_time, first_time
from compute.tracking.rules.posts import Lines, Post

STREAMS = ("history", "events", "output")


def first_times(post: Post) -> Mapping[str, str]:
    """The time in the first line of each stream that the post carries; streams without one are left out."""
    found = {}
    for stream in STREAMS:
        lines: Lines | None = getattr(post, stream)
        if lines is not None and lines.content:
            moment = (first_output_time if stream == "output" else first_time)(lines.content[0])
            if moment:
                found[stream] = moment
    return found


def current_writer(run: Run, client_id: str = "") -> RunWriter | None:
    """The writer that posts with this client id belong to, if there is one yet."""
    return RunWriter.objects.filter(run=run, client_id=client_id).order_by("-turn").first()


def open_writer(run: Run, *, client_id: str = "") -> RunWriter:
    """A process has begun: a new part, unless one is already waiting for its first lines.

    Which part its lines are is decided with its first post. The caller holds the run's lock.
    """
    held = current_writer(run, client_id)
    if held is not None and held.is_opening:
        return held
    last = RunWriter.objects.filter(run=run).aggregate(part=Max("part"), turn=Max("turn"))
    return RunWriter.objects.create(
        run=run,
        client_id=client_id,
        part=0 if last["part"] is None else last["part"] + 1,
        turn=(last["turn"] or 0) + 1,
        is_resuming=held.is_resuming if held else False,
    )


def writer_for(run: Run, post: Post, client_id: str) -> RunWriter:
    """The writer of a post, found again by its first times if it opens. The caller holds the run's lock."""
    writer = current_writer(run, client_id) or open_writer(run, client_id=client_id)
    if not writer.is_opening or not post.has_lines:
        return writer
    again = _part_sent_before(run, writer, post)
    if again is not None:
        return _reopen(again, writer)
    writer.is_opening = writer.is_resuming = False
    if run.job_id is None and not client_id and _starts_at_zero(post):
        _show_only(run, writer)
    return writer


def _part_sent_before(run: Run, writer: RunWriter, post: Post) -> RunWriter | None:
    same = Q(pk__in=[])
    for stream, moment in first_times(post).items():
        same |= Q(**{f"first_{stream}": moment})
    return RunWriter.objects.filter(same, run=run).exclude(pk=writer.pk).order_by("-part").first()


def _reopen(again: RunWriter, empty: RunWriter) -> RunWriter:
    """The same lines come anew: each stream's next offset becomes its base; what is held stays."""
    turn, client_id = empty.turn, empty.client_id
    empty.delete()
    again.turn, again.client_id, again.is_opening = turn, client_id, False
    again.base_history = again.base_events = again.base_output = None
    return again


def _starts_at_zero(post: Post) -> bool:
    return all(lines is None or lines.offset == 0 for lines in (post.history, post.events, post.output))


def _show_only(run: Run, writer: RunWriter) -> None:
    """Outside a job a process that starts from nothing replaces what is shown."""
    if not RunWriter.objects.filter(run=run, part__lt=writer.part, part__gte=run.first_part).exists():
        return
    run.first_part = writer.part
    run.next_step = 0
    recount_keys(run, run.keys.all())
