"""A run's life, seen from its job and from the clock."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compute.jobs.enums import AttemptStatus, JobStatus
from compute.jobs.events import AttemptEnded, JobEnded, JobStopRequested
from compute.jobs.models import Attempt, Job
from compute.tracking import receivers
from compute.tracking.actions import lifecycle
from compute.tracking.enums import RunStatus
from compute.tracking.events import RunEnded
from compute.tracking.job_environment import environment_of
from compute.tracking.models import MetricChunk, Run
from compute.tracking.queries.runs import run_of_job
from compute.tracking.tasks import task_sweep_lost_runs
from institute.core import outbox
from institute.core.models import OutboxMessage
from institute.core.outbox import Delivery
from tests.factories.jobs import submitted_job
from tests.factories.people import TESTER, UserFactory
from tests.factories.tracking import begun, history, lines, posted, run_of, run_of_new_job

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DELIVERY = Delivery("01EVENT", "job", NOW, 0)


def status(run: Run) -> str:
    run.refresh_from_db()
    return run.status


def attempt_of(job: Job, *, failure_class: str = "", exit_code: int | None = 0) -> Attempt:
    """The job's attempt, ended."""
    attempt = Attempt.objects.filter(job=job).first() or Attempt.objects.create(job=job, number=1, name=f"a-{job.pk}")
    Attempt.objects.filter(pk=attempt.pk).update(
        status=AttemptStatus.FAILED if failure_class else AttemptStatus.CANCELLED,
        failure_class=failure_class, exit_code=exit_code, ended_at=NOW,
    )  # fmt: skip
    attempt.refresh_from_db()
    return attempt


def ended(run: Run, **how: object) -> str:
    attempt = attempt_of(run.job, **how)
    event = AttemptEnded(run.job.public_id, attempt.public_id, attempt.failure_class, attempt.exit_code)
    receivers.settle_attempt(event, DELIVERY)
    return status(run)


def test_submitted_job_gets_a_pending_run_through_the_outbox() -> None:
    job = submitted_job(name="tiny")
    outbox.relay()
    run = run_of_job(job)
    assert run is not None
    assert (run.name, run.display_name, run.status, run.allocation_id) == (
        job.public_id, "tiny", RunStatus.PENDING, job.allocation_id,
    )  # fmt: skip
    assert lifecycle.ensure_run_of_job(job=job, by=TESTER) == run
    assert OutboxMessage.objects.filter(status="pending").count() == 0


def test_environment_names_the_run_and_the_key() -> None:
    job = submitted_job()
    found = environment_of(job, Attempt(job=job), "job-" + "k" * 40)
    assert found["WANDB_RUN_ID"] == job.public_id
    assert found["WANDB_API_KEY"] == "job-" + "k" * 40
    assert found["WANDB_BASE_URL"].endswith("/wandb")
    assert found["WANDB_RESUME"] == "allow"


def test_stop_of_a_job_is_told_to_its_run_once() -> None:
    run = begun(run_of_new_job())
    for _ in range(2):
        receivers.ask_run_to_stop(JobStopRequested(run.job.public_id), DELIVERY)
    assert posted(run, {}).is_stopped
    posted(run, {"complete": True, "exitcode": 130})
    assert status(run) == RunStatus.STOPPED
    assert lifecycle.stop_run(run=run, by=TESTER).status == RunStatus.STOPPED


def test_stop_before_the_first_sign_ends_a_run_without_a_job() -> None:
    run = run_of()
    lifecycle.stop_run(run=run, by=TESTER)
    assert status(run) == RunStatus.STOPPED
    begun(run)
    run.refresh_from_db()
    assert (run.status, run.stop_requested_at, run.finished_at) == (RunStatus.RUNNING, None, None)


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ({}, RunStatus.FINISHED),
        ({"failure_class": "user-code", "exit_code": 3}, RunStatus.FAILED),
        ({"failure_class": "oom", "exit_code": 137}, RunStatus.CRASHED),
        ({"failure_class": "preempted", "exit_code": 75}, RunStatus.PREEMPTED),
    ],
)
def test_end_of_an_attempt_ends_its_run(how: dict[str, object], wanted: RunStatus) -> None:
    run = begun(run_of_new_job())
    assert ended(run, **how) == wanted
    assert run.exit_code == how.get("exit_code", 0)


def test_exit_code_of_the_cluster_corrects_what_the_run_said() -> None:
    run = begun(run_of_new_job())
    posted(run, {"complete": True, "exitcode": 0})
    assert status(run) == RunStatus.FINISHED
    assert ended(run, failure_class="user-code", exit_code=3) == RunStatus.FAILED
    posted(run, {"complete": True, "exitcode": 0})
    assert (status(run), run.exit_code) == (RunStatus.FAILED, 3)


def test_exit_code_is_kept_where_the_status_is_right_already() -> None:
    run = begun(run_of_new_job())
    posted(run, {"complete": True, "exitcode": 1})
    assert ended(run, failure_class="user-code", exit_code=3) == RunStatus.FAILED
    assert run.exit_code == 3
    assert ended(run, failure_class="user-code", exit_code=3) == RunStatus.FAILED


def test_next_attempt_brings_the_run_back() -> None:
    run = begun(run_of_new_job())
    ended(run, failure_class="preempted", exit_code=75)
    begun(run)
    run.refresh_from_db()
    assert (run.status, run.exit_code, run.finished_at) == (RunStatus.RUNNING, None, None)


def test_step_that_the_table_does_not_have_leaves_the_end_as_it_is() -> None:
    run = begun(run_of_new_job())
    receivers.ask_run_to_stop(JobStopRequested(run.job.public_id), DELIVERY)
    ended(run)
    Run.objects.filter(pk=run.pk).update(stop_requested_at=None, stop_requested_by="")
    assert ended(run, failure_class="oom", exit_code=137) == RunStatus.STOPPED


def test_end_of_the_job_ends_a_run_that_never_called() -> None:
    run = run_of_new_job()
    Job.objects.filter(pk=run.job_id).update(status=JobStatus.SUCCEEDED, ended_at=NOW)
    receivers.settle_job(JobEnded(run.job.public_id, "succeeded"), DELIVERY)
    assert status(run) == RunStatus.FINISHED
    receivers.settle_job(JobEnded(run.job.public_id, "succeeded"), DELIVERY)
    assert status(run) == RunStatus.FINISHED


def test_silent_runs_are_lost_then_crashed_with_their_job_and_come_back_with_a_post() -> None:
    run, fresh, own = begun(run_of_new_job(), NOW), begun(run_of(name="b")), begun(run_of(name="c"), NOW)
    late = NOW + timedelta(minutes=6)
    Run.objects.filter(pk=fresh.pk).update(heartbeat_at=late)
    assert lifecycle.sweep_lost_runs(now=late) == 2
    assert [status(each) for each in (run, fresh, own)] == [RunStatus.LOST, RunStatus.RUNNING, RunStatus.LOST]
    assert lifecycle.sweep_lost_runs(now=late) == 0
    posted(own, {}, now=late)
    assert status(own) == RunStatus.RUNNING
    Job.objects.filter(pk=run.job_id).update(status=JobStatus.FAILED, ended_at=NOW)
    assert lifecycle.sweep_lost_runs(now=late) == 1
    assert status(run) == RunStatus.CRASHED
    assert task_sweep_lost_runs() == 0


def test_sweep_leaves_a_run_that_was_heard_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(run_of_new_job(), NOW)
    late = NOW + timedelta(minutes=6)
    real = lifecycle.locked

    def heard(found: Run) -> Run:
        Run.objects.filter(pk=found.pk).update(heartbeat_at=late)
        return real(found)

    monkeypatch.setattr(lifecycle, "locked", heard)
    assert lifecycle.sweep_lost_runs(now=late) == 0
    assert status(run) == RunStatus.RUNNING


def test_post_before_init_makes_a_pending_run_run() -> None:
    run = run_of_new_job()
    posted(run, history(lines(0, 1)))
    assert status(run) == RunStatus.RUNNING
    assert run.started_at is not None


def test_ended_run_is_compacted_by_its_own_event() -> None:
    run = begun(run_of_new_job())
    for step in range(5):
        posted(run, history(lines(step, 1), offset=step, complete=step == 4, exitcode=0))
    assert MetricChunk.objects.filter(run=run).count() == 15
    receivers.compact(RunEnded(run.public_id, "", "finished"), DELIVERY)
    assert MetricChunk.objects.filter(run=run).count() == 3
    receivers.compact(RunEnded(run.public_id, "", "finished"), DELIVERY)
    assert MetricChunk.objects.filter(run=run).count() == 3


def test_description_is_cut_and_redacted() -> None:
    run = begun(run_of(UserFactory.create()))
    values = {
        "display_name": "x" * 300,
        "tags": ["a", 3, "hw-" + "a" * 40],
        "notes": 5,
        "config": {"a": 1},
        "summary": {},
    }
    lifecycle.describe_run(run=run, values=values, by=TESTER)
    run.refresh_from_db()
    assert (len(run.display_name), run.tags, run.notes, run.config) == (200, ["a", "[redacted]"], "", {"a": 1})
    lifecycle.describe_run(run=run, values={}, by=TESTER)


def test_resuming_is_marked_once_and_only_where_a_part_is() -> None:
    run = run_of_new_job()
    lifecycle.mark_resuming(run=run)
    begun(run)
    lifecycle.mark_resuming(run=run)
    lifecycle.mark_resuming(run=run)
    assert [writer.is_resuming for writer in run.writers.all()] == [True]
