"""Jobs with an attempt, a slice of use, its hours, and a run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import AllocationSource
from compute.jobs.enums import AttemptStatus, Evidence, JobStatus
from compute.jobs.models import Attempt, Job, UsageSlice
from compute.tracking.enums import RunStatus
from compute.tracking.models import Run, RunProject
from grants.funding.models import Pledge
from institute.staff.management.scale.books import Move, Place
from institute.staff.management.scale.bulk import AWARDED, BY, USED, Plan, write
from institute.staff.management.scale.granting import Granted

CELL = 300
PER_SOURCE = AWARDED // USED


@dataclass(frozen=True)
class Trained:
    """What revisions come from."""

    jobs: list[Job]
    runs: list[Run]


def trained(plan: Plan, granted: Granted) -> Trained:
    """Finished jobs, all on the first allocation as far as its hours reach, then on the next ones."""
    started = _start(plan.now)
    ended = started + timedelta(seconds=USED)
    jobs = plan.many(Job, lambda n: _job(n, granted, started, ended))
    attempts = plan.many(
        Attempt,
        lambda n: Attempt(
            job=jobs[n],
            number=1,
            name=f"tj-{jobs[n].public_id.lower()}-1",
            status=AttemptStatus.SUCCEEDED,
            bound_at=started,
            released_at=ended,
            ended_at=ended,
            cleaned_at=ended,
            exit_code=0,
        ),
    )
    _used(plan, granted, attempts, started)
    return Trained(jobs, _runs(plan, granted, jobs, started, ended))


def _start(now: datetime) -> datetime:
    return datetime.fromtimestamp((int(now.timestamp()) // CELL - 12) * CELL, tz=now.tzinfo)


def _job(n: int, granted: Granted, started: datetime, ended: datetime) -> Job:
    allocation = granted.allocations[n // PER_SOURCE]
    return Job(
        project=granted.projects[0],
        allocation=allocation,
        name=f"job {n:05}",
        submitted_by=granted.lead.public_id,
        recipe="pretrain_lm",
        recipe_version=1,
        code_sha256="c" * 64,
        environment="recipes-jax",
        image_digest="sha256:" + "d" * 64,
        inputs={"seed": n},
        command=["python", "-m", "nothing"],
        resources={"processes": 1, "disk_bytes": 1 << 30},
        accelerator_type=granted.given.type,
        accelerators=1,
        wall_limit_s=USED,
        estimate_seconds=USED,
        hold_count=1,
        status=JobStatus.SUCCEEDED,
        started_at=started,
        ended_at=ended,
        created_by=str(granted.lead.actor),
    )


def _used(plan: Plan, granted: Granted, attempts: list[Attempt], started: datetime) -> None:
    slice_no = int(started.timestamp()) // CELL
    plan.many(
        UsageSlice,
        lambda n: UsageSlice(
            attempt=attempts[n],
            slice_no=slice_no,
            starts_at=started,
            ends_at=started + timedelta(seconds=USED),
            accelerators=1,
            accelerator_seconds=USED,
            evidence=Evidence.REPORTED,
        ),
    )
    moves = []
    for n, attempt in enumerate(attempts):
        pledge, source = granted.given.pledges[n // PER_SOURCE], granted.sources[n // PER_SOURCE]
        moves += _held_and_captured(pledge, source, attempt, slice_no)
    granted.books.post(moves)


def _held_and_captured(pledge: Pledge, source: AllocationSource, attempt: Attempt, slice_no: int) -> list[Move]:
    job = attempt.job.public_id

    def place(kind: AccountKind) -> Place:
        return pledge.pk, source.pk, kind

    hold = {place(AccountKind.HELD): USED, place(AccountKind.AVAILABLE): -USED}
    capture = {place(AccountKind.HELD): -USED, place(AccountKind.SPENT): USED}
    return [
        Move(HoursKind.HOLD, pledge, f"{job}:0:{pledge.public_id}", hold, subject=job),
        Move(
            HoursKind.CAPTURE,
            pledge,
            f"{attempt.public_id}:{slice_no}:{pledge.public_id}",
            capture,
            subject=job,
            attempt=attempt.public_id,
        ),
    ]


def _runs(plan: Plan, granted: Granted, jobs: list[Job], started: datetime, ended: datetime) -> list[Run]:
    home = write(RunProject, [RunProject(project=granted.projects[0], name="default", created_by=str(BY))])[0]
    return plan.many(
        Run,
        lambda n: Run(
            run_project=home,
            name=jobs[n].public_id,
            job=jobs[n],
            allocation=jobs[n].allocation,
            status=RunStatus.FINISHED,
            display_name=jobs[n].name,
            next_step=300,
            summary={"loss": 1.71},
            started_at=started,
            finished_at=ended,
        ),
    )
