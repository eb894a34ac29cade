"""One post of a process: taken whole in one transaction, and taken again without effect."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from compute.tracking.actions.lifecycle import end_run, hint_pages, locked
from compute.tracking.actions.parts import writer_for
from compute.tracking.actions.streams import take_numbers, take_output
from compute.tracking.enums import RunStatus, Stream
from compute.tracking.models import Run, RunWriter
from compute.tracking.redaction import clean
from compute.tracking.rules import endings
from compute.tracking.rules.posts import Post
from institute.core.actors import Actor
from institute.core.states import transition


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the SDK is told: whether to stop."""

    is_stopped: bool


def ingest_post(*, run: Run, post: Post, by: Actor, client_id: str = "", now: datetime | None = None) -> Receipt:
    """Keep everything a post carries; equal posts, split or repeated or overlapping, lead to equal data.

    Locks the run. A run that has ended keeps its status (a straggler), unless the post says how it ended.
    """
    now = now or timezone.now()
    with transaction.atomic():
        run = locked(run)
        if post.has_lines:
            _take_lines(run, post, client_id)
        if post.summary is not None:
            _take_summary(run, post, is_merged=bool(client_id))
        _take_life(run, post, by=by, now=now)
        run.save(update_fields=["summary", "next_step", "first_part", "values_dropped", "heartbeat_at"])
    return Receipt(is_stopped=run.stop_requested_at is not None)


def _take_lines(run: Run, post: Post, client_id: str) -> None:
    writer: RunWriter = writer_for(run, post, client_id)
    writer.label = post.label or writer.label
    changed = set()
    for stream, lines in ((Stream.HISTORY, post.history), (Stream.EVENTS, post.events)):
        if lines is not None and take_numbers(run, writer, stream, lines):
            changed.add("metrics" if stream == Stream.HISTORY else "system")
    if post.output is not None and take_output(run, writer, post.output):
        changed.add("log")
    writer.save()
    for kind in sorted(changed):
        hint_pages(run, kind, str(run.next_step))


def _take_summary(run: Run, post: Post, *, is_merged: bool) -> None:
    summary: dict[str, Any] = {name: clean(value) for name, value in (post.summary or {}).items() if name != "_wandb"}
    run.summary = {**run.summary, **summary} if is_merged else summary
    hint_pages(run, "summary")


def _take_life(run: Run, post: Post, *, by: Actor, now: datetime) -> None:
    run.heartbeat_at = now
    if run.status in (RunStatus.LOST, RunStatus.PENDING):
        transition(run, RunStatus.RUNNING, by=by, now=now, fields={"started_at": run.started_at or now})
    if not post.is_complete:
        return
    to = endings.said_by_run(
        RunStatus(run.status),
        exit_code=post.exit_code,
        is_preempting=post.is_preempting,
        is_stop_asked=run.stop_requested_at is not None,
        known_exit=run.exit_code,
    )
    if to is not None:
        end_run(run, to, by=by, now=now, exit_code=post.exit_code)
