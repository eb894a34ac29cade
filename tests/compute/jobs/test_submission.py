"""What may be submitted, and the corners of what follows."""

import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

from compute.allocations.queries import balances_of_allocation, held_of_job
from compute.capacity.enums import Backend
from compute.capacity.models import Supply
from compute.jobs import actions, rules
from compute.jobs.actions import dispatch
from compute.jobs.actions.claims import CLAIM_TIME, claim_attempt, postpone
from compute.jobs.models import Attempt, Job
from compute.jobs.rules.quoting import earliest_start, quote
from compute.jobs.rules.submission import check
from compute.jobs.tasks import task_sweep_jobs
from compute.recipes.base import Recipe, Resources
from institute.core import outbox
from institute.core.errors import Refused
from institute.people.models import ApiToken
from tests.compute.recipes.stdlib_runner.recipe import RECIPE
from tests.factories.capacity import ClusterFactory
from tests.factories.jobs import HOUR, allocation_on, newest_attempt, one_host, open_attempt, submitted_job
from tests.factories.people import TESTER, UserFactory

pytestmark = pytest.mark.django_db


def recipe_that_needs(**resources) -> Recipe:
    """The runner with other needs."""
    fields = {name: getattr(RECIPE, name) for name in Recipe.__dataclass_fields__}
    return Recipe(**fields | {"resources": lambda inputs: Resources(**resources)})


def refused(recipe=RECIPE, *, allocation=None, **values):
    with pytest.raises(actions.JobRefused) as refusal:
        submitted_job(allocation=allocation or allocation_on(), recipe=recipe, **values)
    assert Job.objects.count() == 0
    return refusal.value


def test_a_recipe_for_other_accelerators_is_refused():
    error = refused(recipe_that_needs(accelerator_types=("tpu-v4",)))
    assert (error.field, error.rule) == ("allocation", "accelerator-type")


def test_more_accelerators_than_any_cluster_has_are_refused():
    error = refused(recipe_that_needs(processes=3))
    assert "Needs 3 accelerators at once; the largest cluster has 1." in error.errors[""][0]


def test_a_recipes_own_rules_refuse():
    assert "A publication needs a licence." in refused(publish_on_success=True).errors["licence"][0]


def test_a_reference_that_only_others_may_use_does_not_exist(shelf):
    shelf.stored["lab/words@v1"] = []
    assert refused(dataset="lab/words@v1").rule == "reference"  # nobody stands behind the system


def test_a_reference_that_vanished_is_refused(shelf):
    class Vanishing(dict):
        """Named in the list, gone when looked at."""

        def __contains__(self, key):
            return False

    shelf.stored = Vanishing({"lab/words@v1": []})
    user = UserFactory.create()
    checked = check(
        allocation=allocation_on(),
        recipe=RECIPE,
        values=RECIPE.clean({"dataset": "lab/words@v1"}).values,
        user=user,
        now=timezone.now(),
    )
    shelf.stored = {}
    assert [(objection.field, objection.rule) for objection in checked.objections] == [("dataset", "reference")]


def test_a_quote_without_a_type_says_why():
    recipe = recipe_that_needs(accelerator_types=("tpu-v4",))
    answer = quote(allocation=allocation_on(), recipe=recipe, values={}, user=None, now=timezone.now())
    assert (answer.is_possible, answer.type, answer.warnings) == (False, None, ())


def test_without_a_cluster_that_is_up_it_starts_later():
    cluster, allocation, now = one_host(), None, timezone.now()
    allocation = allocation_on(cluster)
    checked = check(allocation=allocation, recipe=RECIPE, values=RECIPE.clean({}).values, user=None, now=timezone.now())
    type(cluster).objects.update(status="draining")
    assert checked.demand is not None
    assert now is not None
    assert earliest_start(checked.demand) == "When a cluster takes jobs again."


def test_a_large_gang_takes_several_hosts(fake, clock, sweep):
    allocation = allocation_on(ClusterFactory.create(accelerators=4), now=clock.now)
    job = submitted_job(allocation=allocation, recipe=recipe_that_needs(accelerators_per_process=3), now=clock.now)
    assert held_of_job(job.public_id) == 3 * 300
    sweep()
    fake.start(open_attempt(job).name)
    clock.tick(100)
    fake.finish(open_attempt(job).name, 3)
    sweep()
    assert balances_of_allocation(allocation).spent == 300


def test_a_preemption_by_the_giver_is_refunded_and_by_ourselves_is_not(fake, clock, sweep):
    allocation = allocation_on(seconds=10 * HOUR, award=9 * HOUR, now=clock.now)
    Supply.objects.update(service_class="preemptible")
    job = submitted_job(allocation=allocation, now=clock.now)
    sweep()
    fake.start(open_attempt(job).name)
    clock.tick(50)
    fake.finish(open_attempt(job).name, 75)
    sweep()
    assert (balances_of_allocation(allocation).lost, job.attempts.get(number=1).refund_owed) == (50, 0)


def test_an_endless_reason_is_refused():
    with pytest.raises(Refused, match="2,000"):
        actions.request_stop(job=submitted_job(), by=TESTER, reason="x" * 2001)


def test_an_attempt_without_a_place_gets_no_lease(clock):
    attempt = newest_attempt(submitted_job(now=clock.now))
    with pytest.raises(actions.LeaseLost):
        actions.grant_lease(attempt=attempt, holder="h", state="starting", now=clock.now, by=TESTER)


def test_a_claim_that_is_lost_postpones_nothing(fake, clock):
    attempt = newest_attempt(submitted_job(now=clock.now))
    actions.place_attempts(now=clock.now)
    claim = claim_attempt(attempt.pk, clock.now)
    Attempt.objects.update(lock_token="another")
    assert postpone(claim, now=clock.now) == 0


def test_a_worker_that_is_overtaken_gives_way(fake, clock, monkeypatch):
    attempt = newest_attempt(submitted_job(now=clock.now))
    real = fake.observe

    def observe(names):
        clock.tick(CLAIM_TIME.total_seconds())
        monkeypatch.setattr(fake, "observe", real)
        assert actions.sweep_jobs(now=clock.now).tended == 1
        return real(names)

    monkeypatch.setattr(fake, "observe", observe)
    swept = actions.sweep_jobs(now=clock.now)
    assert (swept.tended, swept.failed) == (0, 0)
    assert Attempt.objects.get(pk=attempt.pk).status == "submitted"


def test_a_database_that_is_away_ends_the_sweep(fake, clock):
    submitted_job(now=clock.now)
    fake.fail_next("observe", OperationalError("gone"))
    with pytest.raises(OperationalError):
        actions.sweep_jobs(now=clock.now)


def test_the_task_sweeps(fake):
    submitted_job()
    assert task_sweep_jobs() == 1


def test_a_submission_nudges_the_sweep_and_a_lost_nudge_harms_nothing(monkeypatch):
    from compute.jobs import receivers  # the module whose broker is away

    sent = []
    monkeypatch.setattr(receivers, "current_app", SimpleNamespace(send_task=lambda *a, **k: sent.append(a)))
    job = submitted_job()
    actions.request_stop(job=job, by=TESTER)
    outbox.relay()
    assert sent == [(receivers.SWEEP,), (receivers.SWEEP,)]

    def away(*_args, **_options):
        raise ConnectionError

    monkeypatch.setattr(receivers, "current_app", SimpleNamespace(send_task=away))
    submitted_job()
    outbox.relay()
    assert not outbox.dead_letters().exists()


def test_each_environment_has_its_interpreter(settings):
    found = dispatch.environments()
    assert str(found["web"]) == sys.executable
    assert found["recipes-jax"] == settings.BASE_DIR / ".venv-recipes-jax" / "bin" / "python"
    assert dispatch.FACTORIES[Backend.LOCAL]().capabilities().hosts == 1


def test_rules_know_only_people_and_what_belongs_to_a_project(clock):
    job = submitted_job(now=clock.now)
    assert rules.project_of(job) == rules.project_of(job.allocation) == rules.project_of(job.project) == job.project
    assert rules.project_of("something else") is None
    assert not rules.works_on(None, job)
    assert not rules.submitted(None, job)


def test_a_token_outlives_the_time_limit_by_a_day(fake, clock, sweep):
    job = submitted_job(now=clock.now)
    sweep()
    token = ApiToken.objects.get(job_id=job.public_id)
    assert token.expires_at == clock.now + timedelta(seconds=300, days=1)


def test_rows_name_themselves(fake, clock, sweep):
    job = submitted_job(now=clock.now)
    sweep()
    assert str(job) == "a job"
    assert str(newest_attempt(job)) == f"tj-{job.public_id.lower()}-1"


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\x07b"])
def test_a_job_needs_a_name_that_people_can_read(name):
    error = refused(name=name)
    assert (error.field, error.rule) == ("name", "name")


def test_the_longest_name_is_kept_without_its_margins():
    assert submitted_job(name=f" {'x' * 120} ").name == "x" * 120
