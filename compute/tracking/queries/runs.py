"""Questions about runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from compute.allocations.queries import projects_of
from compute.jobs.models import Job
from compute.tracking.enums import Stream
from compute.tracking.models import LogChunk, MetricChunk, Run, RunFile, RunProject, RunWriter
from compute.tracking.models.log import BLOCK
from compute.tracking.queries.points import lines_as_sent, rows_of
from compute.tracking.queries.series import shown_writers
from institute.people.models import User
from institute.people.queries import handle_named

WITH_OWNER = ("job__project", "job__allocation", "run_project__project", "run_project__user")


def run_of_job(job: Job) -> Run | None:
    """The run of a job, None before its submission was told; from then on also `job.run`, without asking again."""
    run = Run.objects.select_related(*WITH_OWNER).filter(job=job).first()
    if run is not None:
        run.job = job
    return run


def run_by_public_id(public_id: str) -> Run | None:
    """The run with this id."""
    return Run.objects.select_related(*WITH_OWNER).filter(public_id=public_id).first()


def runs_visible_to(user: Any, *, now: datetime | None = None) -> QuerySet[Run]:
    """Staff see every run, others their own and those of the projects they work on; newest first."""
    runs = Run.objects.select_related(*WITH_OWNER).order_by("-id")
    if not isinstance(user, User):
        return runs.none()
    if user.is_staff:
        return runs
    projects = projects_of(user, now or timezone.now()).order_by()
    return runs.filter(Q(run_project__user=user) | Q(run_project__project__in=projects))


def run_named(run_project: RunProject, name: str) -> Run | None:
    """The run with this SDK id in a run project."""
    return Run.objects.select_related(*WITH_OWNER).filter(run_project=run_project, name=name).first()


def run_project_of(entity: str, name: str) -> RunProject | None:
    """The run project under the SDK's two names: the handle of a project or person, and a name."""
    handle = handle_named(entity)
    owner = handle.owner_id if handle else entity
    return (
        RunProject.objects.select_related("project", "user")
        .filter(Q(project__public_id=owner) | Q(user__public_id=owner), name=name)
        .first()
    )


def line_counts(writers: Sequence[RunWriter]) -> dict[str, int]:
    """How many lines of each stream the parts hold together."""
    return {
        stream: sum(getattr(writer, f"lines_{stream}") for writer in writers)
        for stream in ("history", "events", "output")
    }


def tail(run: Run, stream: Stream, *, lines: int = 1) -> list[dict[str, object]]:
    """The last lines of a stream as the SDK sent them."""
    for writer in reversed(shown_writers(run)):
        held = getattr(writer, f"lines_{stream.value}")
        if held:
            rows = rows_of(_chunks_from(writer, stream, held - lines))
            wanted = {number: row for number, row in rows.items() if number >= held - lines}
            return list(lines_as_sent(wanted))
    return []


def _chunks_from(writer: RunWriter, stream: Stream, line: int) -> QuerySet[MetricChunk]:
    return MetricChunk.objects.filter(writer=writer, key__stream=stream, level=0, line1__gte=line).select_related("key")


def history_lines(
    run: Run, *, first: int, last: int | None = None, keys: Sequence[str] | None = None
) -> list[dict[str, object]]:
    """The lines with `_step` from `first` on, up to but without `last`, put together from their keys.

    With `keys`, only lines that hold all of them, and of each only those.
    """
    chunks = (
        MetricChunk.objects.filter(
            run=run, key__stream=Stream.HISTORY, level=0, writer__part__gte=run.first_part, step1__gte=first
        )
        .select_related("key", "writer")
        .order_by("writer__part", "line0")
    )
    if last is not None:
        chunks = chunks.filter(step0__lt=last)
    if keys is not None:
        chunks = chunks.filter(key__name__in=keys)
    by_writer: dict[int, list[MetricChunk]] = {}
    for chunk in chunks:
        by_writer.setdefault(chunk.writer_id, []).append(chunk)
    wanted = set(keys or ()) - {"_step"}
    found: list[dict[str, object]] = []
    for some in by_writer.values():
        for line in lines_as_sent(rows_of(some)):
            step = line["_step"]
            assert isinstance(step, int)
            if first <= step and (last is None or step < last) and wanted <= line.keys():
                found.append(line)
    return sorted(found, key=lambda line: line["_step"])  # type: ignore[arg-type,return-value]  # checked above


def console(
    run: Run, *, after: int = 0, limit: int = 1000, writers: Sequence[RunWriter] | None = None
) -> list[tuple[int, str]]:
    """(number, text) of console lines after the first `after`, over all parts shown."""
    found: list[tuple[int, str]] = []
    start = 0
    for writer in shown_writers(run) if writers is None else writers:
        if start + writer.lines_output > after and len(found) < limit:
            found += _console_of(writer, start, after, limit - len(found))
        start += writer.lines_output
    return found


def _console_of(writer: RunWriter, start: int, after: int, limit: int) -> list[tuple[int, str]]:
    first = max(0, after - start)
    blocks = LogChunk.objects.filter(writer=writer, block0__gt=first - BLOCK, block0__lt=first + limit).order_by(
        "block0"
    )
    lines = [(chunk.block0 + i, text) for chunk in blocks for i, text in enumerate(chunk.lines)]
    return [(start + number, text) for number, text in lines if first <= number < first + limit]


def console_length(writers: Sequence[RunWriter]) -> int:
    """How many console lines the parts hold together."""
    return sum(writer.lines_output for writer in writers)


def files_of(run: Run) -> QuerySet[RunFile]:
    """The files that have arrived, by path."""
    return RunFile.objects.filter(run=run, uploaded_at__isnull=False).order_by("path")


def runs_of_project(run_project: RunProject) -> QuerySet[Run]:
    """Its runs, oldest first."""
    return Run.objects.select_related(*WITH_OWNER).filter(run_project=run_project).order_by("id")


def has_gap(writers: Sequence[RunWriter]) -> int:
    """How many lines are known to be missing; syncing the run's folder brings them."""
    return sum(writer.missing_lines for writer in writers)
