"""The fake's own means: what a test can make happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from compute.jobs.backends.base import BackendError, BackendUnavailable, FailureClass, Phase
from compute.jobs.backends.fake import FakeBackend
from tests.contracts.backends import make_spec

NAME = "tj-a-1"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> FakeBackend:
    return FakeBackend(clock, stop_takes=timedelta(seconds=30))


def seen(fake: FakeBackend):
    return fake.observe([NAME])[0]


def test_phases_follow_what_the_test_says(fake, clock):
    fake.create(make_spec(NAME))
    assert (seen(fake).phase, seen(fake).pods) == (Phase.PENDING, ())
    fake.begin(NAME)
    assert seen(fake).phase is Phase.STARTING
    fake.start(NAME)
    assert seen(fake).phase is Phase.RUNNING
    fake.blur(NAME)
    assert seen(fake).phase is Phase.UNKNOWN
    fake.blur(NAME, is_blurred=False)
    clock.pass_by(5)
    fake.finish(NAME, 137, cause="memory-limit")
    assert (seen(fake).phase, seen(fake).failure_class) == (Phase.ENDED, FailureClass.OOM)
    assert seen(fake).pods[0].ended_at == clock.now


def test_stop_takes_its_time_and_ends_at_its_own_moment(fake, clock):
    fake.create(make_spec(NAME))
    fake.start(NAME)
    fake.request_stop(NAME)
    asked_at = clock.now
    clock.pass_by(29)
    assert seen(fake).phase is Phase.RUNNING
    clock.pass_by(100)
    assert (seen(fake).reason, seen(fake).pods[0].ended_at) == ("stopped", asked_at + timedelta(seconds=30))


def test_training_may_still_finish_after_a_stop_was_asked_for(fake):
    fake.create(make_spec(NAME))
    fake.start(NAME)
    fake.request_stop(NAME)
    fake.finish(NAME)
    assert (seen(fake).exit_code, seen(fake).reason) == (0, "completed")


def test_vanished_attempt_ended_at_its_last_sign_of_life(fake, clock):
    fake.create(make_spec(NAME))
    fake.start(NAME)
    proof = clock.now
    clock.pass_by(60)
    fake.vanish(NAME, last_proof_at=proof)
    assert (seen(fake).failure_class, seen(fake).exit_code) == (FailureClass.NODE_LOST, None)
    assert seen(fake).pods[0].ended_at == proof


def test_without_contact_every_call_is_unavailable_and_the_attempt_goes_on(fake):
    fake.create(make_spec(NAME))
    fake.start(NAME)
    fake.lose_contact()
    for call in (
        lambda: fake.observe([NAME]),
        lambda: fake.create(make_spec(NAME)),
        lambda: fake.request_stop(NAME),
        lambda: fake.delete(NAME),
        lambda: fake.read_log(NAME, 0, 1),
    ):
        with pytest.raises(BackendUnavailable):
            call()
    fake.regain_contact()
    assert seen(fake).phase is Phase.RUNNING


def test_failure_may_come_before_or_after_the_effect(fake):
    fake.fail_next("create", BackendError("before"))
    fake.fail_next("create", BackendUnavailable("after"), after=True)
    with pytest.raises(BackendError, match="before"):
        fake.create(make_spec(NAME))
    assert seen(fake).phase is Phase.ABSENT
    with pytest.raises(BackendUnavailable, match="after"):
        fake.create(make_spec(NAME))
    assert seen(fake).phase is Phase.PENDING
    assert fake.created_names == [NAME]


def test_specifications_differ_by_everything_but_their_secrets():
    spec = make_spec(NAME, attempt_id="01A")
    assert make_spec(NAME, attempt_id="01A", secrets={"a": "b"}).spec_sha256 == spec.spec_sha256
    assert make_spec(NAME, attempt_id="01B").spec_sha256 != spec.spec_sha256
    assert "secrets" not in spec.document()


def test_no_checkpoint_folder_where_none_was_given(fake):
    assert fake.checkpoint_root("01JOB") is None
