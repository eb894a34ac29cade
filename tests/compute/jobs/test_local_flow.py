"""The whole way on the local backend: a submitted job really trains, on a running platform."""

import subprocess

import pytest

from compute.allocations.queries import balances_of_allocation
from compute.jobs import actions
from compute.jobs.queries import log_from, log_size, output_files
from deploy.programs import stop_jobs
from tests.compute.jobs.live import (
    CELL_S,
    RECIPES,
    assert_hours_hold,
    cells_of,
    end_all_jobs,
    has_checkpoint,
    is_running,
    wait_for_end,
    wait_until,
)
from tests.factories.capacity import ClusterFactory
from tests.factories.jobs import allocation_on, newest_attempt, one_host, submitted_job
from tests.factories.people import TESTER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ENDS = {
    "success": ("succeeded", "", 0, ""),
    "failed-gate": ("succeeded", "", 0, ""),
    "exit-64": ("failed", "user-config", 64, "This input is refused."),
    "exit-65": ("failed", "user-config", 65, "The data cannot be used."),
    "exit-66": ("failed", "user-config", 66, "An input is missing."),
    "exit-77": ("failed", "user-config", 77, "The licence forbids this."),
    "exit-78": ("failed", "user-config", 78, "This machine cannot do it."),
    "exception": ("failed", "user-code", 1, "the recipe failed, as asked"),
    "exit-3": ("failed", "user-code", 3, ""),
}


@pytest.fixture
def platform_environment():
    return RECIPES


@pytest.fixture
def platform(platform_server, test_run, settings, tmp_path):
    """Web, worker and beat; nothing of a job is left when the test ends."""
    settings.STORAGE_URL = platform_server.environment["STORAGE_URL"]
    with cells_of(test_run, settings.DATABASES["default"]["NAME"], CELL_S):
        yield platform_server
        platform_server.stop()
        end_all_jobs(tmp_path / "data")


def test_every_way_to_end(platform):
    cluster = ClusterFactory.create(accelerators=3)
    allocation = allocation_on(cluster)
    jobs = {how: submitted_job(allocation=allocation, name=how, outcome=how) for how in ENDS}
    found = {}
    for how, job in jobs.items():
        wait_for_end(job, seconds=180)
        attempt = newest_attempt(job)
        found[how] = (job.status, attempt.failure_class, attempt.exit_code)
        assert ENDS[how][3] in attempt.text
    assert found == {how: end[:3] for how, end in ENDS.items()}
    done = newest_attempt(jobs["success"])
    assert {file.path for file in output_files(jobs["success"])} >= {"manifest.json", "metrics.json"}
    assert "the recipe failed, as asked" in log_from(newest_attempt(jobs["exception"]), 0).text
    assert log_from(done, 0).next_offset == log_size(done)
    assert balances_of_allocation(allocation).held == 0
    assert_hours_hold()


def test_a_second_job_waits_for_the_host_and_a_stop_is_obeyed(platform):
    allocation = allocation_on(one_host())
    first = submitted_job(allocation=allocation, name="first", step_ms=200, max_steps=10_000)
    wait_until(lambda: is_running(first) and has_checkpoint(first), "the first job's checkpoint")
    second = submitted_job(allocation=allocation, name="second")
    wait_until(lambda: newest_attempt(second).reason == "no-free-host", "the second job's reason")
    assert newest_attempt(second).status == "planned"
    actions.request_stop(job=first, by=TESTER, reason="enough")
    wait_for_end(first)
    assert (first.status, newest_attempt(first).status, newest_attempt(first).exit_code) == (
        "cancelled",
        "cancelled",
        75,
    )
    wait_for_end(second)
    assert second.status == "succeeded"
    assert_hours_hold()


def test_a_stopped_platform_resumes_its_jobs_at_the_next_start(platform, tmp_path):
    job = submitted_job(allocation=allocation_on(one_host()), step_ms=100, max_steps=200)
    wait_until(lambda: is_running(job) and has_checkpoint(job), "a checkpoint")
    end_by_command(platform)
    platform.stop()
    platform.start()
    wait_for_end(job)
    assert (job.status, job.attempts.count()) == ("succeeded", 2)
    first = job.attempts.get(number=1)
    assert (first.status, first.failure_class, first.exit_code) == ("evicted", "preempted", 75)
    assert_hours_hold()


def end_by_command(platform):
    """What deploy/local.py does when it stops."""
    command = stop_jobs(platform.folder / "data").command
    done = subprocess.run(command, env=platform.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
