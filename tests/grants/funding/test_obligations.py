"""Duties open at the first use, are proposed by what fulfils them, and accepted by a person."""

from datetime import UTC, date, datetime

import pytest

from grants.funding import actions, queries, tasks
from grants.funding.actions import Evidence
from grants.funding.actions.obligations import months_after
from grants.funding.enums import ObligationKind, ObligationStatus, RestrictionKind
from grants.funding.events import ObligationAccepted
from grants.funding.models import Obligation, Pledge
from institute.core.actors import SYSTEM_SWEEP
from institute.core.errors import Conflict, Refused
from institute.core.models import AuditEntry
from tests.factories.funding import active_pledge
from tests.factories.outbox import overheard
from tests.factories.people import TESTER

pytestmark = pytest.mark.django_db
FIRST_USE = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
PROJECT = "01JPROJECT0000000000000000"
REVISION = Evidence("01JREVISION000000000000000", "lowres/tiny v1", "/lowres/tiny")


@pytest.fixture
def pledge() -> Pledge:
    return active_pledge()


@pytest.fixture
def duties(pledge: Pledge) -> list[Obligation]:
    return actions.open_obligations(pledge=pledge, project_id=PROJECT, first_used_at=FIRST_USE, by=TESTER)


def test_each_clause_opens_one_duty_and_only_once(pledge: Pledge, duties: list[Obligation]) -> None:
    assert [(duty.kind, duty.due_on) for duty in duties] == [
        (ObligationKind.PUBLICATION, date(2027, 1, 31)),
        (ObligationKind.CREDIT, date(2027, 1, 31)),
    ]
    again = actions.open_obligations(pledge=pledge, project_id=PROJECT, first_used_at=FIRST_USE, by=TESTER)
    assert again == duties


def propose(pledge: Pledge) -> list[Obligation]:
    kinds = {ObligationKind.PUBLICATION}
    return actions.propose_fulfilment(pledge=pledge, project_id=PROJECT, kinds=kinds, evidence=REVISION, by=TESTER)


def test_a_publication_is_proposed_and_accepted(pledge: Pledge, duties: list[Obligation]) -> None:
    (duty,) = propose(pledge)
    assert (duty.status, duty.evidence, duty.evidence_url) == ("submitted", REVISION.id, REVISION.url)
    assert list(queries.obligations_to_accept()) == [duty]
    assert propose(pledge) == []
    assert actions.accept_fulfilment(obligation=duty, by=TESTER).status == ObligationStatus.ACCEPTED
    with pytest.raises(Conflict):
        actions.accept_fulfilment(obligation=duty, by=TESTER)


def test_evidence_that_does_not_do_is_sent_back(pledge: Pledge, duties: list[Obligation]) -> None:
    (duty,) = propose(pledge)
    with pytest.raises(Refused, match="reason"):
        actions.send_back(obligation=duty, by=TESTER, reason="")
    assert actions.send_back(obligation=duty, by=TESTER, reason="no card").status == ObligationStatus.DUE


def test_every_step_of_a_duty_leaves_its_trace(pledge: Pledge, duties: list[Obligation]) -> None:
    (duty,) = propose(pledge)
    actions.send_back(obligation=duty, by=TESTER, reason="no card")
    propose(pledge)
    with overheard(ObligationAccepted) as told:
        actions.accept_fulfilment(obligation=duty, by=TESTER)
    assert told == [ObligationAccepted(duty.public_id, pledge.public_id, REVISION.id)]
    actions.waive_obligation(obligation=duties[1], by=TESTER, reason="donor agrees")
    entries = AuditEntry.objects.filter(subject_kind="funding.obligation").order_by("id")
    assert [(entry.action, entry.subject_id, entry.details) for entry in entries] == [
        ("obligation.open", duties[0].public_id, {"project": PROJECT}),
        ("obligation.open", duties[1].public_id, {"project": PROJECT}),
        ("obligation.propose", duty.public_id, {"evidence": REVISION.id}),
        ("obligation.send_back", duty.public_id, {"reason": "no card"}),
        ("obligation.propose", duty.public_id, {"evidence": REVISION.id}),
        ("obligation.accept", duty.public_id, {"evidence": REVISION.id}),
        ("obligation.waive", duties[1].public_id, {"reason": "donor agrees"}),
    ]


def test_a_clause_says_in_how_many_months_its_duty_is_due() -> None:
    soon = actions.RestrictionDraft(RestrictionKind.PUBLISH_BY, "Publish.", {"months": 3})
    licence = actions.RestrictionDraft(RestrictionKind.OPEN_LICENCE, "Openly.")
    pledge = active_pledge(restrictions=[soon, licence])
    opened = actions.open_obligations(pledge=pledge, project_id=PROJECT, first_used_at=FIRST_USE, by=TESTER)
    assert [(duty.kind, duty.due_on) for duty in opened] == [
        (ObligationKind.PUBLICATION, date(2026, 4, 30)),
        (ObligationKind.LICENCE, date(2027, 1, 31)),
    ]


def test_evidence_is_for_one_project_and_one_kind_of_duty(pledge: Pledge, duties: list[Obligation]) -> None:
    other = actions.open_obligations(pledge=pledge, project_id="0" * 26, first_used_at=FIRST_USE, by=TESTER)
    (duty,) = propose(pledge)
    assert duty == duties[0]
    untouched = Obligation.objects.filter(pk__in=[duties[1].pk, *(one.pk for one in other)])
    assert set(untouched.values_list("status", "evidence")) == {("scheduled", "")}


def test_a_duty_without_evidence_cannot_be_accepted(duties: list[Obligation]) -> None:
    with pytest.raises(Conflict):
        actions.accept_fulfilment(obligation=duties[0], by=TESTER)


def test_a_duty_can_be_waived_with_a_reason(duties: list[Obligation]) -> None:
    waived = actions.waive_obligation(obligation=duties[0], by=TESTER, reason="donor agrees")
    assert waived.status == ObligationStatus.WAIVED


def test_a_duty_is_due_from_its_day_on(duties: list[Obligation]) -> None:
    assert actions.mark_due(today=date(2027, 1, 30), by=SYSTEM_SWEEP) == 0
    assert actions.mark_due(today=date(2027, 1, 31), by=SYSTEM_SWEEP) == 2
    assert tasks.task_mark_due() == 0


def test_due_and_long_overdue_duties_are_found(pledge: Pledge, duties: list[Obligation]) -> None:
    assert list(queries.obligations_due(today=date(2027, 1, 1), days=29)) == []
    assert len(queries.obligations_due(today=date(2027, 1, 1), days=30)) == 2
    assert not queries.has_long_overdue(pledge, PROJECT, today=date(2027, 3, 2))
    assert queries.has_long_overdue(pledge, PROJECT, today=date(2027, 3, 3))
    assert duties[0].is_overdue(date(2027, 2, 1))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 5), 12, date(2027, 12, 5)),
    ],
)
def test_months_end_where_the_calendar_does(start: date, months: int, end: date) -> None:
    assert months_after(start, months) == end
