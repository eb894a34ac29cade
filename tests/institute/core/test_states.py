"""A status moves along its table only, under a lock, with its history."""

import pytest

from grants.funding.enums import PledgeStatus
from institute.core.errors import Conflict
from institute.core.states import history_of, transition
from tests.factories.funding import offered_pledge
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db


def test_a_step_in_the_table_is_taken_and_remembered() -> None:
    pledge = offered_pledge()
    transition(pledge, PledgeStatus.ACCEPTED, by=TESTER, reason="good terms")
    assert pledge.status == PledgeStatus.ACCEPTED
    steps = [(step.from_status, step.to_status, step.reason) for step in history_of(pledge)]
    assert steps == [("", "offered", ""), ("offered", "accepted", "good terms")]


def test_a_step_outside_the_table_is_a_conflict_and_changes_nothing() -> None:
    pledge = offered_pledge()
    with pytest.raises(Conflict, match="cannot become closed"):
        transition(pledge, PledgeStatus.CLOSED, by=TESTER)
    pledge.refresh_from_db()
    assert pledge.status == PledgeStatus.OFFERED


def test_a_stale_object_cannot_repeat_a_step() -> None:
    pledge = offered_pledge()
    stale = type(pledge).objects.get(pk=pledge.pk)
    transition(pledge, PledgeStatus.ACCEPTED, by=TESTER)
    with pytest.raises(Conflict):
        transition(stale, PledgeStatus.ACCEPTED, by=TESTER)
