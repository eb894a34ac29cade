"""A run's life: made, begun, asked to stop, lost and found, ended."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from compute.jobs.models import Attempt, Job
from compute.tracking.actions.parts import current_writer, open_writer
from compute.tracking.enums import ENDED, TRANSITIONS, RunStatus
from compute.tracking.events import RunEnded, RunStarted
from compute.tracking.models import Run, RunProject
from compute.tracking.redaction import redact
from compute.tracking.rules import endings
from institute.core import audit, live
from institute.core.actors import SYSTEM_SWEEP, Actor
from institute.core.outbox import publish
from institute.core.states import record_change, transition
from institute.people.models import User

LOST_AFTER = timedelta(minutes=5)


def hint_pages(run: Run, kind: str, detail: str = "") -> None:
    """Tell the run's page and its job's page that something of this kind changed."""
    live.hint(run.public_id, kind, detail)
    if run.job is not None:
        live.hint(run.job.public_id, kind, detail)


def ensure_run_of_job(*, job: Job, by: Actor, now: datetime | None = None) -> Run:
    """The run of a job, made pending if there is none yet. Its SDK id is the job's public id."""
    with transaction.atomic():
        run_project, _ = RunProject.objects.get_or_create(
            project_id=job.project_id, user=None, name=job.recipe, defaults={"created_by": str(by)}
        )
        run, is_new = Run.objects.get_or_create(
            job=job,
            defaults={
                "run_project": run_project,
                "name": job.public_id,
                "allocation_id": job.allocation_id,
                "display_name": job.name,
                "created_by": str(by),
            },
        )
        if is_new:
            record_change(run, from_status="", to_status=RunStatus.PENDING, by=by, now=now)
    return run


def ensure_run_of_person(*, user: User, project: str, name: str, by: Actor, now: datetime | None = None) -> Run:
    """A person's own run with this SDK id, made pending if there is none yet; unmetered."""
    with transaction.atomic():
        run_project, _ = RunProject.objects.get_or_create(
            user=user, project=None, name=project, defaults={"created_by": str(by)}
        )
        run, is_new = Run.objects.get_or_create(
            run_project=run_project, name=name, defaults={"display_name": name, "created_by": str(by)}
        )
        if is_new:
            record_change(run, from_status="", to_status=RunStatus.PENDING, by=by, now=now)
    return run


def locked(run: Run) -> Run:
    """The run under its row lock: whatever writes to a run begins here."""
    return Run.objects.select_for_update(of=("self",)).select_related("job", "run_project__project").get(pk=run.pk)


DESCRIPTION = {"display_name": 200, "group": 200, "job_type": 200, "notes": 20_000}


def describe_run(*, run: Run, values: Mapping[str, Any], by: Actor) -> Run:
    """Take what the SDK says of the run: names, notes, tags, config. Texts are redacted and cut to size."""
    with transaction.atomic():
        run = locked(run)
        _describe(run, values)
        hint_pages(run, "config")
    return run


def _describe(run: Run, values: Mapping[str, Any]) -> None:
    changed = []
    for name, size in DESCRIPTION.items():
        if isinstance(values.get(name), str):
            setattr(run, name, redact(values[name])[:size])
            changed.append(name)
    if isinstance(values.get("tags"), list):
        run.tags = [redact(tag)[:128] for tag in values["tags"] if isinstance(tag, str)][:100]
        changed.append("tags")
    for name in ("config", "summary"):
        if isinstance(values.get(name), Mapping):
            setattr(run, name, values[name])
            changed.append(name)
    if changed:
        run.save(update_fields=changed)


def begin_run(*, run: Run, values: Mapping[str, Any], by: Actor, now: datetime | None = None) -> Run:
    """A process has called `init`: the run is running (again), and its next lines are those of a new process."""
    now = now or timezone.now()
    with transaction.atomic():
        run = locked(run)
        _describe(run, values)
        open_writer(run)
        _bring_to_life(run, by=by, now=now)
        hint_pages(run, "config")
    return run


def _bring_to_life(run: Run, *, by: Actor, now: datetime) -> None:
    fields: dict[str, Any] = {"heartbeat_at": now, "started_at": run.started_at or now}
    if run.job is None:  # a job that was asked to stop stays so; a person's new start is a new wish
        fields |= {"stop_requested_at": None, "stop_requested_by": ""}
    if run.status == RunStatus.RUNNING:
        Run.objects.filter(pk=run.pk).update(**fields)
        return
    was_pending = run.status == RunStatus.PENDING
    transition(run, RunStatus.RUNNING, by=by, now=now, fields={**fields, "finished_at": None, "exit_code": None})
    if was_pending:
        publish(RunStarted(run_id=run.public_id, job_id=_job_id(run)), subject=run.public_id, by=by)


def _job_id(run: Run) -> str:
    return run.job.public_id if run.job else ""


def mark_resuming(*, run: Run) -> None:
    """A process asks how far the run is, and will go on from there."""
    with transaction.atomic():
        run = locked(run)
        writer = current_writer(run)
        if writer is not None and not writer.is_resuming:
            writer.is_resuming = True
            writer.save(update_fields=["is_resuming"])


def end_run(
    run: Run, to: RunStatus, *, by: Actor, now: datetime, reason: str = "", exit_code: int | None = None
) -> None:
    """Move a run (locked by the caller) to an end, or from one end to the truer one, and publish it.

    Where the table has no such step the run keeps its end: what came first is as true.
    """
    if to not in TRANSITIONS[RunStatus(run.status)]:
        return
    fields = {"finished_at": run.finished_at or now, "exit_code": run.exit_code if exit_code is None else exit_code}
    transition(run, to, by=by, reason=reason, now=now, fields=fields)
    publish(RunEnded(run_id=run.public_id, job_id=_job_id(run), status=to.value), subject=run.public_id, by=by)
    hint_pages(run, "status", to.value)


def stop_run(*, run: Run, by: Actor, now: datetime | None = None) -> Run:
    """Ask the training to stop: its next post is answered with `stopped`. A run that never began is stopped."""
    now = now or timezone.now()
    with transaction.atomic():
        run = locked(run)
        if run.status in ENDED or run.stop_requested_at is not None:
            return run
        run.stop_requested_at, run.stop_requested_by = now, str(by)
        run.save(update_fields=["stop_requested_at", "stop_requested_by"])
        audit.record(by=by, action="run.stop", subject=run)
        if run.status == RunStatus.PENDING and run.job is None:
            end_run(run, RunStatus.STOPPED, by=by, now=now)
        hint_pages(run, "status")
    return run


def settle_by_attempt(*, attempt: Attempt, by: Actor, now: datetime | None = None) -> None:
    """The job's attempt is over: its run is too, with the exit code that the cluster saw."""
    now = now or timezone.now()
    with transaction.atomic():
        run = locked(ensure_run_of_job(job=attempt.job, by=by, now=now))
        to = endings.seen_by_attempt(
            RunStatus(run.status),
            failure_class=attempt.failure_class,
            exit_code=attempt.exit_code,
            is_stop_asked=run.stop_requested_at is not None,
        )
        reason = attempt.failure_class
        if to is not None:
            end_run(run, to, by=by, now=now, reason=reason, exit_code=attempt.exit_code)
        elif attempt.exit_code is not None and run.exit_code != attempt.exit_code:
            run.exit_code = attempt.exit_code
            run.save(update_fields=["exit_code"])


def settle_by_job(*, job: Job, by: Actor, now: datetime | None = None) -> None:
    """The job is over: a run that nothing has ended yet is over with it."""
    now = now or timezone.now()
    with transaction.atomic():
        run = locked(ensure_run_of_job(job=job, by=by, now=now))
        to = endings.seen_by_job(RunStatus(run.status), job_status=job.status)
        if to is not None:
            end_run(run, to, by=by, now=now, reason=job.reason)


def sweep_lost_runs(*, now: datetime | None = None) -> int:
    """Running runs of which nothing was heard for five minutes are lost, or crashed if their job is over.

    The number of runs moved.
    """
    now = now or timezone.now()
    alive = Run.objects.filter(status__in=[RunStatus.RUNNING, RunStatus.LOST], heartbeat_at__lt=now - LOST_AFTER)
    moved = 0
    for pk in list(alive.order_by("heartbeat_at").values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            run = locked(Run(pk=pk))
            is_silent = run.heartbeat_at is not None and run.heartbeat_at < now - LOST_AFTER
            if run.status not in (RunStatus.RUNNING, RunStatus.LOST) or not is_silent:
                continue
            if run.job is not None and run.job.is_over:
                end_run(run, RunStatus.CRASHED, by=SYSTEM_SWEEP, now=now, reason="silent")
            elif run.status == RunStatus.RUNNING:
                transition(run, RunStatus.LOST, by=SYSTEM_SWEEP, now=now, reason="silent")
                hint_pages(run, "status", RunStatus.LOST.value)
            else:
                continue
            moved += 1
    return moved
