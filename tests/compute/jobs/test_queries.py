"""What people are told about jobs."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from compute.jobs import queries
from compute.jobs.enums import AttemptStatus
from compute.jobs.models import Attempt, PodLog, PodSegment, UsageSlice
from institute.people.enums import Role
from tests.factories.allocations import project_with
from tests.factories.jobs import allocation_on, newest_attempt, output_of, submitted_job
from tests.factories.people import UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(clock):
    return submitted_job(now=clock.now)


@pytest.fixture
def attempt(job):
    return newest_attempt(job)


def printed(attempt, *parts):
    offset = 0
    for part in parts:
        PodLog.objects.create(attempt=attempt, holder="x", offset=offset, size=len(part), data=part)
        offset += len(part)


# -- the log -------------------------------------------------------------------------------------


def test_an_empty_log(attempt):
    assert queries.log_size(attempt) == 0
    assert queries.log_tail(attempt) == queries.LogText(0, 0, "")
    assert queries.log_from(attempt, 5) == queries.LogText(5, 5, "")


def test_a_log_is_read_across_its_parts(attempt):
    printed(attempt, b"one\n", b"two\n", b"three\n")
    assert queries.log_from(attempt, 0).text == "one\ntwo\nthree\n"
    assert queries.log_from(attempt, 6) == queries.LogText(6, 14, "o\nthree\n")
    assert queries.log_from(attempt, 2, 5) == queries.LogText(2, 7, "e\ntwo")
    assert queries.log_size(attempt) == 14


def test_a_log_is_cut_between_characters(attempt):
    printed(attempt, "añ日🦊".encode())
    assert [queries.log_from(attempt, 0, n).text for n in range(1, 11)] == [
        *("a", "a", "añ", "añ", "añ", "añ日", "añ日", "añ日", "añ日", "añ日🦊")
    ]


def test_bytes_that_are_no_text_are_shown_as_such(attempt):
    printed(attempt, b"\xff\x00ok")
    assert queries.log_from(attempt, 0).text == "��ok"
    printed_bytes = b"\x80\x80\x80\x80\x80"
    PodLog.objects.all().delete()
    printed(attempt, printed_bytes)
    assert queries.log_from(attempt, 0).next_offset == 5


def test_the_tail_begins_with_a_line(attempt):
    line = b"x" * 99 + b"\n"
    printed(attempt, *[line * 100] * 20)
    tail = queries.log_tail(attempt)
    assert tail.next_offset == 200_000
    assert tail.text.startswith("xxx")
    assert 60_000 < len(tail.text) < 80_000


def test_the_tail_of_one_endless_line(attempt):
    printed(attempt, b"x" * 60_000, b"y" * 60_000)
    assert queries.log_tail(attempt).text.endswith("y")


def test_tokens_in_a_log_are_blanked(attempt):
    printed(attempt, b"key job-" + b"A" * 40 + b" used")
    assert queries.log_tail(attempt).text == "key job-… used"


# -- sentences -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "output is kept"),
        (64, "refused its inputs"),
        (65, "data cannot"),
        (66, "input file"),
        (75, "checkpoint"),
        (77, "licence"),
        (78, "cannot run here"),
        (134, "lost each other"),
        (137, "was killed"),
        (3, "ended with an error"),
    ],
)
def test_every_exit_code_has_its_sentence(code, words):
    assert words in str(queries.exit_sentence(Attempt(exit_code=code)))


def test_without_an_exit_code_nothing_is_said():
    assert queries.exit_sentence(Attempt()) == ""


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "about to be placed"),
        ("no-cluster", "no cluster"),
        ("hours", "too few usable hours"),
        ("no-free-host", "next in line"),
    ],
)
def test_why_a_job_waits(job, attempt, reason, words):
    attempt.reason = reason
    assert words in queries.sentence_of(job, attempt)


@pytest.mark.parametrize(
    ("status", "words"), [("running", "It trains"), ("submitted", "gets ready"), ("starting", "gets ready")]
)
def test_how_a_job_goes(job, attempt, status, words):
    attempt.status = status
    assert words in queries.sentence_of(job, attempt)


def test_a_silent_host_is_named(job, attempt):
    attempt.is_unknown = True
    assert "does not answer" in queries.sentence_of(job, attempt)


def test_a_job_between_two_attempts_says_nothing(job):
    assert queries.sentence_of(job, None) == ""


def test_a_stop_is_said(job, attempt, clock):
    job.stop_requested_at = clock.now
    assert "asked to stop" in queries.sentence_of(job, attempt)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("succeeded", "", "It is done."),
        ("cancelled", "stopped", "It was stopped."),
        ("cancelled", "waited-too-long", "waited longer"),
        ("failed", "oom", "It failed: out of memory."),
    ],
)
def test_how_a_job_ended(job, status, reason, words):
    job.status, job.reason = status, reason
    assert words in queries.sentence_of(job, None)


# -- who sees what -------------------------------------------------------------------------------


def test_members_see_their_projects_jobs_and_staff_all():
    lead = UserFactory.create()
    own = submitted_job(allocation=allocation_on(project=project_with(lead=lead)))
    other, now = submitted_job(), timezone.now()
    assert list(queries.jobs_visible_to(lead, now)) == [own]
    assert list(queries.jobs_visible_to(user_with(Role.OPERATIONS), now)) == [other, own]
    assert list(queries.jobs_visible_to(UserFactory.create(), now)) == []


def test_jobs_are_found_by_their_public_id(job):
    assert queries.job_by_public_id(job.public_id) == job
    assert queries.job_by_public_id("none") is None


def test_attempts_of_a_job(job, attempt):
    assert list(queries.attempts_of(job)) == [attempt]
    assert queries.open_attempt_of(job) == attempt
    assert queries.with_attempt_counts(type(job).objects.all()).get().attempt_count == 1
    assert queries.with_submitter(type(job).objects.all()).get().submitter is None
    person = UserFactory.create(name="")
    type(job).objects.update(submitted_by=person.public_id)
    assert queries.with_submitter(type(job).objects.all()).get().submitter == person.email


def test_the_output_of_a_job(job, attempt, clock, fake, sweep):
    assert queries.output_manifest(job) is None
    sweep()
    output_of(attempt, now=clock.now)
    assert queries.output_manifest(job)["kind"] == "output"
    assert [file.path for file in queries.output_files(job)] == ["manifest.json", "model.safetensors"]
    assert list(queries.input_files(job)) == []


# -- hours ---------------------------------------------------------------------------------------


@pytest.fixture
def ended(job, attempt, clock, fake, sweep):
    """A job that used 100 seconds."""
    sweep()
    fake.start(attempt.name)
    clock.tick(100)
    fake.finish(attempt.name, 3)
    sweep()
    return attempt


def test_the_account_of_a_job(job, ended):
    account = queries.account_of(job)
    assert (account.held, account.spent, account.lost, account.refunded, account.overrun) == (0, 100, 0, 0, 0)
    assert [paid.part.spent for paid in account.parts] == [100]
    assert queries.sliced_of_job(job) == queries.sliced_of_attempt(ended) == 100


def findings(now=None):
    return [(found.check, found.subject) for found in queries.verify_hours(now or timezone.now() + timedelta(days=1))]


def test_the_proof_of_a_sound_house_finds_nothing(ended):
    assert findings() == []


def test_a_slice_without_its_capture_is_found(ended):
    one = UsageSlice.objects.get()
    UsageSlice.objects.filter(pk=one.pk).update(accelerator_seconds=99, idle_seconds=1)
    assert findings() == [("slices_equal_captures", ended.name)]


def test_hours_held_after_the_end_are_found(job, clock):
    type(job).objects.filter(pk=job.pk).update(status="failed", ended_at=clock.now)
    assert ("held_after_end", job.public_id) in findings()


def test_a_running_attempt_without_slices_is_found(job, attempt, clock, fake, sweep):
    sweep()
    fake.start(attempt.name)
    clock.tick(2)
    sweep()
    clock.tick(901)
    assert ("slice_missing", attempt.name) in findings(clock.now)
    sweep()
    assert ("slice_missing", attempt.name) not in findings(clock.now)


def test_an_open_stretch_of_an_ended_attempt_is_found(ended):
    PodSegment.objects.update(ends_at=None)
    assert ("segment_open", ended.name) in findings()
    PodSegment.objects.update(starts_at=None)
    assert findings() == []


def test_the_proof_reads_many_attempts_in_batches(ended, monkeypatch):
    from compute.jobs.queries import proof  # the module whose batch is made small

    monkeypatch.setattr(proof, "BATCH", 1)
    assert findings() == []


def run(*words):
    out = StringIO()
    call_command("verify_hours", *words, stdout=out)
    return out.getvalue()


def test_verify_hours_says_that_all_is_well(ended):
    assert run() == "The hours ledger holds.\n"
    assert json.loads(run("--json")) == {"holds": True, "findings": []}


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_verify_hours_fails_on_a_break(ended, words):
    UsageSlice.objects.update(accelerator_seconds=99, idle_seconds=1)
    with pytest.raises(SystemExit) as end:
        run(*words)
    assert end.value.code == 1


def test_the_cell_is_five_minutes():
    assert queries.cell_seconds() == 300


def test_open_states_are_open(attempt):
    assert not attempt.is_over
    attempt.status = AttemptStatus.LOST
    assert attempt.is_over
