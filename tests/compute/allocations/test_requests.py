"""Requests from draft to decision."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from compute.allocations import actions, queries
from compute.allocations.enums import RequestStatus
from compute.allocations.models import Allocation, HoursTransaction, Request
from compute.allocations.queries import balances_of_allocation, givers_for
from grants.donors.actions import grant_portal_access
from grants.funding.actions import suspend_pledge
from institute.core.errors import Conflict, DomainError, Exhausted, Forbidden, Refused
from institute.core.models import OutboxMessage
from institute.core.states import history_of
from institute.people.enums import Role
from institute.people.models import User
from tests.factories.allocations import (
    clause,
    line_draft,
    member_of,
    pledge_with_hours,
    project_with,
    request_draft,
    source_of,
    submitted_request,
)
from tests.factories.capacity import ClusterFactory, accelerator_type
from tests.factories.funding import active_pledge
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def operator() -> User:
    return user_with(Role.OPERATIONS)


def award(*sources: actions.SourceDraft, **fields: Any) -> actions.AwardDraft:
    window = {"starts_at": NOW, "ends_at": NOW + timedelta(days=30)}
    return actions.AwardDraft(sources=sources, **(window | fields))


def approve(request: Request, *given: tuple[Any, int], by: Any = TESTER, **fields: Any) -> Allocation:
    line = request.current_lines.get()
    sources = [actions.SourceDraft(line, pledge, amount) for pledge, amount in given]
    return actions.approve_request(request=request, award=award(*sources, **fields), by=by, now=NOW)


def test_a_draft_is_only_its_projects(operator: User) -> None:
    lead = UserFactory.create()
    project = project_with(lead=lead, now=NOW)
    draft = actions.draft_request(project=project, draft=request_draft(now=NOW), by=lead.actor)
    assert list(queries.requests_visible_to(lead, NOW)) == [draft]
    assert list(queries.requests_visible_to(operator, NOW)) == []
    assert list(queries.requests_visible_to(UserFactory.create(), NOW)) == []
    assert list(queries.requests_visible_to(user_with(Role.ADMIN), NOW)) == [draft]  # who must find anything
    assert list(queries.requests_waiting()) == []
    actions.submit_request(request=draft, by=lead.actor, now=NOW)
    assert list(queries.requests_visible_to(operator, NOW)) == [draft]
    assert list(queries.requests_waiting()) == [draft]
    assert draft.current_lines.get().submitted_at == NOW


@pytest.mark.parametrize(
    "line",
    [
        {"runs": 0},
        {"accelerators": -1},
        {"hours": Decimal(0)},
        {"hours": Decimal("0.001")},
        {"runs": 10**9, "hours": Decimal(10**6)},
        {"ends_at": NOW},
    ],
)
def test_a_line_that_does_not_add_up_is_refused(line: dict[str, Any]) -> None:
    draft = request_draft(lines=[line_draft(now=NOW, **line)])
    with pytest.raises(Refused):
        actions.draft_request(project=project_with(), draft=draft, by=TESTER)
    assert Request.objects.count() == 0


def test_too_many_lines_are_refused() -> None:
    with pytest.raises(Refused, match="At most 20"):
        actions.draft_request(project=project_with(), draft=request_draft(lines=[line_draft()] * 21), by=TESTER)


def test_a_request_needs_a_purpose_a_line_and_an_active_project() -> None:
    project = project_with()
    empty = actions.draft_request(project=project, draft=request_draft(lines=[]), by=TESTER)
    with pytest.raises(Refused, match="at least one line"):
        actions.submit_request(request=empty, by=TESTER)
    silent = actions.draft_request(project=project, draft=request_draft(justification=" "), by=TESTER)
    with pytest.raises(Refused, match="what the hours are for"):
        actions.submit_request(request=silent, by=TESTER)
    actions.archive_project(project=project, reason="over", by=TESTER)
    with pytest.raises(Refused, match="is not active"):
        actions.draft_request(project=project, draft=request_draft(), by=TESTER)
    with pytest.raises(Refused, match="is not active"):
        actions.submit_request(request=silent, by=TESTER)


def test_a_draft_is_replaced_and_its_lines_go() -> None:
    draft = actions.draft_request(project=project_with(), draft=request_draft(), by=TESTER)
    other = accelerator_type("tpu-v4")
    lines = [line_draft(runs=3, alternatives=[other]), line_draft(runs=4)]
    changed = actions.change_request(request=draft, draft=request_draft(lines=lines), by=TESTER)
    assert (changed.revision, [line.runs for line in changed.current_lines]) == (1, [3, 4])
    assert list(changed.current_lines[0].alternatives.all()) == [other]
    again = actions.change_request(request=draft, draft=request_draft(), by=TESTER)
    assert again.lines.count() == 1


def test_a_returned_request_gets_a_revision_and_keeps_the_old_lines() -> None:
    request = submitted_request()
    with pytest.raises(Conflict, match="cannot be changed"):
        actions.change_request(request=request, draft=request_draft(), by=TESTER)
    actions.return_request(request=request, reason="Say more.", by=TESTER, now=NOW)
    for runs in (7, 8):
        request = actions.change_request(request=request, draft=request_draft(lines=[line_draft(runs=runs)]), by=TESTER)
    request = actions.submit_request(request=request, by=TESTER, now=NOW)
    assert (request.revision, request.current_lines.get().runs) == (2, 8)
    assert request.lines.get(revision=1).runs == 1


def test_a_returned_request_may_be_submitted_unchanged() -> None:
    request = submitted_request(lines=[line_draft(alternatives=[accelerator_type("tpu-v4")])])
    actions.return_request(request=request, reason="Wait a month.", by=TESTER, now=NOW)
    request = actions.submit_request(request=request, by=TESTER, now=NOW)
    assert (request.revision, request.lines.count()) == (2, 2)
    assert request.current_lines.get().alternatives.get().slug == "tpu-v4"


def test_steps_that_are_not_in_the_table_are_refused() -> None:
    request = submitted_request()
    with pytest.raises(Conflict):
        actions.submit_request(request=request, by=TESTER)
    actions.decline_request(request=request, reason="No.", by=TESTER)
    pledge = pledge_with_hours(seconds=100_000, now=NOW)
    with pytest.raises(Conflict):
        approve(request, (pledge, 100))
    with pytest.raises(Conflict):
        actions.withdraw_request(request=request, by=TESTER)
    assert Allocation.objects.count() == 0
    assert [step.to_status for step in history_of(request)] == ["draft", "submitted", "declined"]
    assert request.decided_by == ""


def test_a_project_withdraws_while_it_waits() -> None:
    request = actions.withdraw_request(request=submitted_request(), by=TESTER, reason="no need")
    assert request.status == RequestStatus.WITHDRAWN


def test_an_approval_writes_allocation_sources_and_award() -> None:
    pledge = pledge_with_hours(seconds=100_000, now=NOW, window_ends_at=NOW + timedelta(days=20))
    request = submitted_request(now=NOW)
    allocation = approve(request, (pledge, 30_000), by=user_with(Role.OPERATIONS).actor, priority=80)
    source = source_of(allocation)
    assert balances_of_allocation(allocation).available == 30_000
    assert (source.starts_at, source.ends_at) == (NOW, NOW + timedelta(days=20))
    assert request.current_lines.get().amount_awarded == 30_000
    assert HoursTransaction.objects.get(kind="award").idempotency_key == (
        f"award:{request.public_id}:{pledge.public_id}"
    )
    request.refresh_from_db()
    assert (request.status, request.decided_at, allocation.priority) == (RequestStatus.APPROVED, NOW, 80)
    assert [step.to_status for step in history_of(allocation)] == ["active"]


def test_an_allocation_lasts(operator: User) -> None:
    pledge, request = pledge_with_hours(seconds=100_000, now=NOW), submitted_request(now=NOW)
    with pytest.raises(Refused, match="ends after it starts"):
        approve(request, (pledge, 5), by=operator.actor, ends_at=NOW)


def test_two_lines_of_one_pledge_become_one_source() -> None:
    pledge = pledge_with_hours(seconds=100_000, now=NOW)
    request = submitted_request(now=NOW, lines=[line_draft(now=NOW), line_draft(now=NOW)])
    first, second = request.current_lines
    drafts = [actions.SourceDraft(first, pledge, 10, draw_rank=3), actions.SourceDraft(second, pledge, 20, draw_rank=1)]
    allocation = actions.approve_request(request=request, award=award(*drafts), by=TESTER, now=NOW)
    assert (source_of(allocation).draw_rank, balances_of_allocation(allocation).available) == (1, 30)
    assert [line.amount_awarded for line in request.current_lines] == [10, 20]


def test_headroom_short_writes_nothing() -> None:
    rich, poor = pledge_with_hours(seconds=100_000, now=NOW), pledge_with_hours(seconds=9, now=NOW)
    request = submitted_request(now=NOW)
    with pytest.raises(Exhausted, match="its reserve set aside"):
        approve(request, (rich, 10_000), (poor, 10))
    request.refresh_from_db()
    assert request.status == RequestStatus.SUBMITTED
    assert request.current_lines.get().amount_awarded is None
    assert Allocation.objects.count() == HoursTransaction.objects.filter(kind="award").count() == 0


def test_the_reserve_is_not_awarded() -> None:
    pledge = pledge_with_hours(seconds=10_050, now=NOW, terms={"reserve_percent": 2})
    request = submitted_request(now=NOW)
    with pytest.raises(Exhausted):
        approve(request, (pledge, 9_850))
    assert approve(request, (pledge, 9_849)).pk


def wrong_line(request: Request, pledge: Any) -> actions.AwardDraft:
    return award(actions.SourceDraft(submitted_request().current_lines.get(), pledge, 5))


def wrong(**fields: Any) -> Any:
    def make(request: Request, pledge: Any) -> actions.AwardDraft:
        amount = fields.get("amount", 5)
        window = {name: value for name, value in fields.items() if name != "amount"}
        return award(actions.SourceDraft(request.current_lines.get(), pledge, amount), **window)

    return make


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda request, pledge: award(), "Nothing is awarded"),
        (wrong(amount=0), "Nothing is awarded"),
        (wrong(amount=-1), "more than zero"),
        (wrong(amount=36_001), "More is awarded than was requested"),
        (wrong(ends_at=NOW), "ends after it starts"),
        (wrong(starts_at=NOW + timedelta(days=999), ends_at=NOW + timedelta(days=1000)), "outside the window"),
        (wrong_line, "not one of this request's"),
    ],
)
def test_an_award_that_does_not_fit_is_refused(make: Any, message: str) -> None:
    pledge = pledge_with_hours(seconds=100_000, now=NOW)
    request = submitted_request(now=NOW)
    with pytest.raises(Refused, match=message):
        actions.approve_request(request=request, award=make(request, pledge), by=TESTER, now=NOW)
    assert Allocation.objects.count() == 0


def test_a_pledge_that_cannot_give_is_refused() -> None:
    request = submitted_request(now=NOW)
    with pytest.raises(Refused, match="no supply yet"):
        approve(request, (active_pledge(now=NOW), 5))
    suspended = pledge_with_hours(seconds=100, now=NOW)
    suspend_pledge(pledge=suspended, by=TESTER, reason="audit")
    suspended.refresh_from_db()
    with pytest.raises(Refused, match="is not active"):
        approve(request, (suspended, 5))
    other = pledge_with_hours(seconds=100, now=NOW, cluster=ClusterFactory.create(type=accelerator_type("tpu-v4")))
    with pytest.raises(Refused, match="which the line does not accept"):
        approve(request, (other, 5))


def test_a_blocking_clause_refuses_the_award_and_a_warning_does_not() -> None:
    pledge = pledge_with_hours(seconds=100_000, now=NOW)
    restriction = clause(pledge, "open_licence", "Open, please.", parameter={"at_least": "osi_or_cc"})
    request = submitted_request(now=NOW, output_licence="proprietary")
    with pytest.raises(Refused, match=r"Open, please.*Declared: proprietary.*Choose an open licence"):
        approve(request, (pledge, 5))
    assert restriction.enforcement == "block"
    gentle = pledge_with_hours(seconds=100_000, now=NOW)
    clause(gentle, "open_licence", "Open, please.", enforcement="warn")
    assert approve(request, (gentle, 5)).pk


def test_publishing_must_be_accepted_where_a_donor_asks_for_it() -> None:
    pledge = pledge_with_hours(seconds=100_000, now=NOW)
    with pytest.raises(Refused, match="publishing not accepted"):
        approve(submitted_request(now=NOW, accepts_publishing=False), (pledge, 5))


def test_two_pledges_whose_clauses_exclude_each_other_are_refused() -> None:
    one, two = pledge_with_hours(seconds=100, now=NOW), pledge_with_hours(seconds=100, now=NOW)
    clause(one, "field", "Biology only.", parameter={"values": ["biology"]})
    clause(two, "field", "Law only.", parameter={"values": ["law"]})
    with pytest.raises(Refused, match=r"Biology only.*Law only.*Together they allow nothing"):
        approve(submitted_request(now=NOW), (one, 5), (two, 5))


def test_nobody_decides_for_their_own_project(operator: User) -> None:
    pledge = pledge_with_hours(seconds=100_000, now=NOW)
    project = project_with(now=NOW)
    mine = actions.draft_request(project=project, draft=request_draft(now=NOW), by=operator.actor)
    actions.submit_request(request=mine, by=TESTER, now=NOW)
    with pytest.raises(Forbidden, match="own project"):
        approve(mine, (pledge, 5), by=operator.actor)
    theirs = submitted_request(project=project, now=NOW)
    member_of(project, operator, now=NOW)
    decisions: list[Any] = [
        lambda: approve(theirs, (pledge, 5), by=operator.actor),
        lambda: actions.decline_request(request=theirs, reason="x", by=operator.actor, now=NOW),
        lambda: actions.return_request(request=theirs, reason="x", by=operator.actor, now=NOW),
    ]
    for decide in decisions:
        with pytest.raises(Forbidden, match="own project"):
            decide()


def test_one_who_acts_for_the_donor_does_not_award_its_hours() -> None:
    operator = user_with(Role.OPERATIONS, Role.DONOR_CONTACT)
    pledge = pledge_with_hours(seconds=100_000, now=NOW)
    access = grant_portal_access(donor=pledge.donor, user=operator, by=TESTER)
    type(access).objects.update(starts_at=NOW - timedelta(days=1))
    request = submitted_request(now=NOW)
    with pytest.raises(Forbidden, match="You act for"):
        approve(request, (pledge, 5), by=operator.actor)
    assert approve(request, (pledge_with_hours(seconds=100, now=NOW), 5), by=operator.actor).pk


def test_decisions_need_a_reason() -> None:
    allocation_pledge = pledge_with_hours(seconds=100_000, now=NOW)
    request = submitted_request(now=NOW)
    for act in (actions.decline_request, actions.return_request):
        with pytest.raises(Refused, match="Give a reason"):
            act(request=request, reason=" ", by=TESTER)
    allocation = approve(request, (allocation_pledge, 5))
    with pytest.raises(Refused, match="Give a reason"):
        actions.freeze_allocation(allocation=allocation, reason="", by=TESTER)


def test_who_could_give_most_first() -> None:
    small, large = pledge_with_hours(seconds=10, now=NOW), pledge_with_hours(seconds=1000, now=NOW)
    empty = pledge_with_hours(seconds=10, now=NOW)
    approve(submitted_request(now=NOW), (empty, 10))
    pledge_with_hours(seconds=99, now=NOW, cluster=ClusterFactory.create(type=accelerator_type("tpu-v4")))
    lines = submitted_request(now=NOW).current_lines
    assert [(giver.pledge, giver.left) for giver in givers_for(lines, NOW)] == [(large, 1000), (small, 10)]
    assert givers_for([], NOW) == []


def test_an_approval_at_night_keeps_its_utc_instant() -> None:
    night = datetime(2026, 11, 22, 2, 56, tzinfo=UTC)
    pledge = pledge_with_hours(seconds=100, now=night)
    request = submitted_request(now=night)
    line = request.current_lines.get()
    draft = actions.AwardDraft([actions.SourceDraft(line, pledge, 5)], night, night + timedelta(days=1))
    actions.approve_request(request=request, award=draft, by=TESTER, now=night)
    request.refresh_from_db()
    assert request.decided_at == night


def test_every_error_says_what_to_do_or_what_was_wrong() -> None:
    with pytest.raises(DomainError) as caught:
        approve(submitted_request(now=NOW), (active_pledge(now=NOW), 5))
    assert "Enter which provider" in str(caught.value)
    assert OutboxMessage.objects.filter(topic__endswith="AllocationAwarded").count() == 0
