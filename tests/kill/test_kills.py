"""Nothing is lost or doubled when processes of the running platform, or of a job, are killed at random."""

import hashlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from compute.jobs.enums import AttemptStatus
from compute.jobs.models import Job, JobCheckpoint
from compute.jobs.queries import output_files, output_manifest, verify_hours
from compute.recipes import registry
from compute.tracking.models import Run
from deploy.embedded.postgres import SUPERUSER
from institute.core.storage import store
from tests.compute.jobs.live import (
    CELL_S,
    RECIPES,
    assert_hours_hold,
    cells_of,
    end_all_jobs,
    is_over,
    is_running,
    picture,
    wait_for_end,
    wait_until,
)
from tests.factories.capacity import ClusterFactory
from tests.factories.jobs import allocation_on, submitted_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.kill, pytest.mark.slow]
SEED = int(os.environ.get("KILL_SEED", "7"))
VICTIMS = ("worker", "web", "connections", "wrapper", "training")
JOBS_A_ROUND = 3
STEPS = 250
STEP_MS = 60


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


class Killer:
    """Kills one thing of a running platform at a time and brings back what an init system would."""

    def __init__(self, platform, test_run, chance: random.Random):
        self.platform, self.test_run, self.chance = platform, test_run, chance
        self.done: Counter[str] = Counter()

    def kill(self, victim: str) -> bool:
        """False if there was nothing of the kind to kill."""
        has_killed = getattr(self, f"_{victim}")()
        self.done[victim] += has_killed
        return has_killed

    def _worker(self) -> bool:
        self.platform.kill("worker")
        self.platform.start("worker")
        return True

    def _web(self) -> bool:
        self.platform.kill("web")
        self.platform.start("web")
        return True

    def _connections(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), current_database()")
            own, database = cursor.fetchone()
        statement = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> %s AND backend_type = 'client backend'"
        )
        with psycopg.connect(self.test_run.postgres.url(SUPERUSER, "postgres")) as admin:
            return admin.execute(statement, [database, own]).fetchone()[0] > 0

    def _wrapper(self) -> bool:
        return self._signal("pid")

    def _training(self) -> bool:
        return self._signal("train_pid")

    def _signal(self, name: str) -> bool:
        folders = sorted((self.platform.folder / "data" / "jobs" / "attempts").glob("tj-*"))
        self.chance.shuffle(folders)
        for folder in folders:
            pid = self._pid(folder, name)
            if pid is not None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                return True
        return False

    @staticmethod
    def _pid(folder: Path, name: str) -> int | None:
        try:
            record = json.loads((folder / "run.json").read_text())
        except (OSError, ValueError):
            return None
        return None if (folder / "exit.json").exists() else record.get(name)


def walked(seed: int, steps: int) -> str:
    """The state that the runner reaches: whoever lost or repeated a step has another one."""
    state = hashlib.sha256(f"seed {seed}".encode()).digest()
    for _ in range(steps):
        state = hashlib.sha256(state).digest()
    return state.hex()


def assert_ended_once(job: Job) -> None:
    """One success, one output, one run; no two attempts at a time; fences that only rise."""
    assert job.status == "succeeded", picture()
    assert job.attempts.filter(status=AttemptStatus.SUCCEEDED).count() == 1
    assert JobCheckpoint.objects.filter(job=job, kind="output").count() == 1
    assert Run.objects.filter(job=job).count() == 1
    stretches = sorted(
        (segment.starts_at, segment.ends_at)
        for attempt in job.attempts.all()
        for segment in attempt.segments.filter(starts_at__isnull=False)
    )
    for (_, ended), (started, _) in pairwise(stretches):
        assert ended <= started, stretches
    fences = list(job.leases.order_by("pk").values_list("fence", flat=True))
    assert fences == sorted(set(fences))


def assert_ended_right(job: Job) -> None:
    """Once, and what was trained is exactly what was asked: nobody lost or repeated a step."""
    assert_ended_once(job)
    state = output_files(job).get(path="model.safetensors")
    with store().open(state.key) as file:
        assert bytes.fromhex(walked(job.inputs["seed"], STEPS)) in file.read()


def new_job(allocation) -> Job:
    """One more job of the standard-library runner, with a seed of its own."""
    seed = Job.objects.count() + 1
    return submitted_job(allocation=allocation, name=f"job {seed}", seed=seed, step_ms=STEP_MS, max_steps=STEPS)


def strike(killer: Killer, victim: str, jobs: list[Job], one_more: Callable[[], Job]) -> bool:
    """Kill if there is something to kill; if all jobs ended meanwhile, give the killer another one."""
    if killer.kill(victim):
        return True
    if all(map(is_over, jobs)):
        jobs.append(one_more())
    return False


@pytest.mark.parametrize("turn", range(3))
def test_random_kills_lose_and_double_nothing(platform, test_run, turn):
    """Three turns of three rounds of five kills: 45."""
    chance = random.Random(SEED + turn)
    killer = Killer(platform, test_run, chance)
    one_more = partial(new_job, allocation_on(ClusterFactory.create(accelerators=JOBS_A_ROUND)))
    for _round in range(3):
        jobs = [one_more() for _ in range(JOBS_A_ROUND)]
        for victim in chance.sample(VICTIMS, len(VICTIMS)):
            time.sleep(chance.uniform(0.0, 2.5))
            wait_until(lambda v=victim, j=jobs: strike(killer, v, j, one_more), f"the killing of {victim}", 60)
            assert verify_hours(timezone.now()) == []
        for job in jobs:
            wait_for_end(job, seconds=240)
            assert_ended_right(job)
        assert_hours_hold()
    assert sum(killer.done.values()) == 15, dict(killer.done)


@pytest.mark.recipes
def test_five_kills_of_the_real_recipe_change_not_one_weight(platform, test_run):
    """One of each kind; the same inputs without any kill give the same weights."""
    chance = random.Random(SEED)
    killer = Killer(platform, test_run, chance)
    allocation = allocation_on(ClusterFactory.create(accelerators=1))
    inputs = {"preset": "tiny", "max_steps": 400, "checkpoint_every_minutes": 1, "wall_limit_minutes": 30}
    one_more = partial(submitted_job, allocation=allocation, recipe=registry.get("pretrain_lm"), **inputs)
    jobs = [one_more()]
    for victim in chance.sample(VICTIMS, len(VICTIMS)):
        wait_until(lambda: is_running(jobs[-1]) or is_over(jobs[-1]), "training", 240)
        time.sleep(chance.uniform(0.0, 6.0))
        wait_until(lambda v=victim: strike(killer, v, jobs, one_more), f"the killing of {victim}", 240)
        assert verify_hours(timezone.now()) == []
    jobs.append(one_more())
    for job in jobs:
        wait_for_end(job, seconds=420)
        assert_ended_once(job)
    assert sum(killer.done.values()) == 5, dict(killer.done)
    assert len({output_manifest(job)["weights_sha256"] for job in jobs}) == 1
    assert_hours_hold()
