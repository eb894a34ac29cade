"""Projects, requests and allocations in a browser's shoes."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compute.allocations import actions
from compute.allocations.actions import HoldNeed
from compute.allocations.enums import AllocationStatus, MemberRole, ProjectStatus, RequestStatus
from compute.allocations.models import Allocation, Membership, Project, Request
from compute.allocations.queries import balances_of_allocation, burn_down
from compute.allocations.rules import standing_of
from compute.allocations.views.allocations import burn_down_chart
from grants.donors.actions import grant_portal_access
from institute.people.enums import Role
from institute.people.models import User
from tests.factories.allocations import (
    allocation_from,
    allocation_with,
    clause,
    pledge_with_hours,
    project_with,
    request_draft,
    source_of,
    submitted_request,
)
from tests.factories.capacity import accelerator_type
from tests.factories.funding import offered_pledge
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> User:
    return UserFactory.create(name="Ada")


@pytest.fixture
def project(lead: User) -> Project:
    return project_with(lead=lead, handle="river", title="River")


@pytest.fixture
def operator() -> User:
    return user_with(Role.OPERATIONS)


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def page(name: str, *args: str) -> str:
    return reverse(f"allocations:{name}", args=args)


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def written(**changes: Any) -> dict[str, Any]:
    today = timezone.now().date()
    return {
        "kind": "new",
        "justification": "Small models of rivers.",
        "output_licence": "apache-2.0",
        "accepts_publishing": "on",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-type": "cpu-host",
        "lines-0-runs": "4",
        "lines-0-accelerators": "2",
        "lines-0-hours": "1.5",
        "lines-0-starts_on": today.isoformat(),
        "lines-0-ends_on": (today + timedelta(days=90)).isoformat(),
        **changes,
    }


def test_operations_enter_a_project(desk: Client, lead: User) -> None:
    data = {
        "title": "Sea",
        "handle": "sea",
        "lead": lead.email,
        "fields_of_research": "Hydrology, nlp,,",
        "purpose": "non_commercial",
        "data_class": "public",
    }
    answer = desk.post(page("project-create"), data, follow=True)
    project = Project.objects.get(handle="sea")
    assert project.status == ProjectStatus.ACTIVE
    assert project.fields == ["hydrology", "nlp"]
    assert "Sea is entered." in answer.text
    again = desk.post(page("project-create"), data)
    assert again.status_code == 422
    assert "is taken" in again.text
    assert "Nobody has an account" in desk.post(page("project-create"), data | {"lead": "x@example.org"}).text


def test_a_project_is_edited_and_archived(desk: Client, project: Project) -> None:
    shown = desk.get(page("project-edit", "river"))
    assert 'value="River"' in shown.text
    data = {"title": "Delta", "fields_of_research": "", "purpose": "commercial", "data_class": "personal"}
    assert desk.post(page("project-edit", "river"), data).status_code == 302
    project.refresh_from_db()
    assert (project.title, project.data_class) == ("Delta", "personal")
    assert desk.post(page("project-edit", "river"), data | {"title": ""}).status_code == 422
    assert desk.get(page("project-archive", "river")).status_code == 200
    assert desk.post(page("project-archive", "river"), {"reason": "done"}).status_code == 302
    project.refresh_from_db()
    assert project.status == ProjectStatus.ARCHIVED


def test_an_open_allocation_keeps_a_project_from_being_archived(desk: Client, project: Project) -> None:
    allocation_with(seconds=3600, project=project)
    answer = desk.post(page("project-archive", "river"), {"reason": "done"})
    assert answer.status_code == 422
    assert "still has open allocations" in answer.text


def test_people_are_added_and_ended(client: Client, lead: User, project: Project) -> None:
    client.force_login(lead)
    other = UserFactory.create(name="Grace")
    url = page("member-list", "river")
    client.post(url, {"email": other.email, "role": "member"})
    membership = Membership.objects.get(user=other)
    assert membership.role == MemberRole.MEMBER
    assert "Grace" in client.get(url).text
    assert "already on" in client.post(url, {"email": other.email, "role": "lead"}).text
    client.post(page("member-end", "river", membership.public_id))
    membership.refresh_from_db()
    assert membership.ends_at is not None
    own = Membership.objects.get(user=lead)
    assert client.post(page("member-end", "river", own.public_id)).status_code == 422


def test_the_list_of_people_is_paged_and_searched(client: Client, lead: User, project: Project) -> None:
    client.force_login(lead)
    for n in range(30):
        user = UserFactory.create(name=f"Member {n:02}")
        actions.add_member(project=project, user=user, role=MemberRole.MEMBER, by=TESTER)
    url = page("member-list", "river")
    first = client.get(url).text
    assert ("Member 23" in first, "Member 24" in first, "31 entries" in first) == (True, False, True)
    assert first.index(lead.name) < first.index("Member 00")
    assert "Member 29" in client.get(url, {"q": "member 29"}).text
    assert client.get(url, {"format": "csv"}).headers["Content-Type"].startswith("text/csv")


def test_a_projects_page_counts_its_newest_allocations(
    client: Client, lead: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compute.allocations.rules.standing.MOST_ALLOCATIONS", 1)
    client.force_login(lead)
    allocation_with(seconds=3600, project=project)
    note = "Only the newest open allocations are shown"
    assert note not in client.get(page("project-detail", "river")).text
    newest = allocation_with(seconds=7200, project=project)
    shown = client.get(page("project-detail", "river")).text
    assert note in shown
    assert shown.count(newest.public_id) == shown.count("allocations/") - shown.count("allocations/?q")


def test_a_member_sees_people_but_cannot_add(client: Client, project: Project) -> None:
    member = UserFactory.create()
    actions.add_member(project=project, user=member, role=MemberRole.MEMBER, by=TESTER)
    client.force_login(member)
    url = page("member-list", "river")
    assert "Add somebody" not in client.get(url).text
    client.post(url, {"email": UserFactory.create().email, "role": "member"})
    assert project.memberships.count() == 2


def test_a_lead_writes_changes_and_submits_a_request(client: Client, lead: User, project: Project) -> None:
    accelerator_type()
    client.force_login(lead)
    assert client.get(page("request-create", "river")).status_code == 200
    client.post(page("request-create", "river"), written())
    asked = Request.objects.get()
    assert asked.current_lines.get().amount_requested == 4 * 2 * 5400
    url = page("request-detail", asked.public_id)
    assert "Submit" in client.get(url).text
    shown = client.get(page("request-edit", asked.public_id))
    assert 'value="1.50"' in shown.text
    client.post(page("request-edit", asked.public_id), written(**{"lines-0-runs": "5", "lines-INITIAL_FORMS": "1"}))
    assert asked.current_lines.get().runs == 5
    client.post(page("request-submit", asked.public_id))
    asked.refresh_from_db()
    assert asked.status == RequestStatus.SUBMITTED
    client.post(page("request-withdraw", asked.public_id))
    asked.refresh_from_db()
    assert asked.status == RequestStatus.WITHDRAWN


def test_the_form_calculates_without_saving(client: Client, lead: User, project: Project) -> None:
    pledge = pledge_with_hours(seconds=3600, title="Open hosts")
    clause(pledge, "non_commercial", "No commerce.")
    client.force_login(lead)
    answer = client.post(page("request-create", "river"), written(calculate="1"))
    assert "12 Type cpu-host" in answer.text
    assert "Open hosts" in answer.text
    partial = client.post(page("request-create", "river"), written(), headers={"HX-Request": "true"})
    assert partial.text.startswith("<section")
    assert Request.objects.count() == 0


def test_the_form_adds_a_line_and_refuses_none(client: Client, lead: User, project: Project) -> None:
    accelerator_type()
    client.force_login(lead)
    url = page("request-create", "river")
    assert "lines-1-type" in client.post(url, written(add="1")).text
    empty = {name: value for name, value in written().items() if not name.startswith("lines-0")}
    assert "at least one line" in client.post(url, empty).text
    assert "at least one line" in client.post(url, written(**{"lines-0-DELETE": "on"})).text
    ends = written(**{"lines-0-ends_on": "2000-01-01"})
    assert "lies before the first" in client.post(url, ends).text
    assert client.post(url, {}).status_code == 422
    assert Request.objects.count() == 0


def test_a_refused_draft_stands_on_the_form(client: Client, lead: User, project: Project) -> None:
    accelerator_type()
    client.force_login(lead)
    asked = actions.draft_request(project=project, draft=request_draft(), by=lead.actor)
    actions.submit_request(request=asked, by=lead.actor)
    answer = client.post(page("request-edit", asked.public_id), written())
    assert "cannot be changed" in answer.text
    actions.archive_project(project=project, reason="over", by=TESTER)
    assert "is not active" in client.post(page("request-create", "river"), written()).text


def test_operations_approve(desk: Client, project: Project) -> None:
    pledge = pledge_with_hours(seconds=40_000)
    asked = submitted_request(project=project)
    url = page("request-approve", asked.public_id)
    shown = desk.get(url)
    assert 'value="10"' in shown.text
    name = f"line1-{pledge.public_id}"
    today = timezone.now().date()
    dates = {"starts_on": today.isoformat(), "ends_on": (today + timedelta(days=30)).isoformat(), "priority": "50"}
    assert "Nothing is awarded" in desk.post(url, {**dates, name: "0"}).text
    desk.post(url, {**dates, name: "2.5"})
    allocation = Allocation.objects.get()
    assert balances_of_allocation(allocation).available == 9000
    answer = desk.get(page("request-detail", asked.public_id))
    assert "See the allocation" in answer.text


def test_a_request_without_givers_says_what_to_do(desk: Client) -> None:
    asked = submitted_request()
    assert "Enter a pledge and its supply" in desk.get(page("request-approve", asked.public_id)).text


@pytest.mark.parametrize(("verb", "status"), [("decline", "declined"), ("return", "returned")])
def test_operations_decide_with_a_reason(desk: Client, verb: str, status: str) -> None:
    asked = submitted_request()
    url = page(f"request-{verb}", asked.public_id)
    assert desk.get(url).status_code == 200
    assert desk.post(url, {"reason": ""}).status_code == 422
    desk.post(url, {"reason": "Say more."})
    asked.refresh_from_db()
    assert asked.status == status
    assert "Say more." in desk.get(page("request-detail", asked.public_id)).text


def test_the_basket_shows_hours_reasons_and_clauses(client: Client, lead: User, project: Project) -> None:
    pledge = pledge_with_hours(seconds=36_000, title="Open hosts")
    allocation = allocation_from((pledge, 36_000), project=project)
    actions.hold_hours(allocation=allocation, job_id="j", n=0, need=HoldNeed(3600), by=TESTER, now=timezone.now())
    actions.lock_source(source=source_of(allocation), reason="under audit", by=TESTER)
    client.force_login(lead)
    answer = client.get(page("allocation-detail", allocation.public_id))
    assert "Open hosts" in answer.text
    assert "it is locked" in answer.text
    assert "under audit" in answer.text
    assert "Publish within 12 months." in answer.text
    assert "<svg" in answer.text
    assert "it is locked" in client.get(page("project-detail", "RIVER")).text


def test_operations_freeze_unfreeze_lock_and_close(desk: Client, project: Project) -> None:
    allocation = allocation_with(seconds=3600, project=project)
    for verb, status in (("freeze", "frozen"), ("unfreeze", "active"), ("close", "closed")):
        url = page(f"allocation-{verb}", allocation.public_id)
        assert desk.get(url).status_code == 200
        desk.post(url, {"reason": "audit"})
        allocation.refresh_from_db()
        assert allocation.status == AllocationStatus(status)
    assert desk.post(page("allocation-freeze", allocation.public_id), {"reason": "x"}).status_code == 422
    source = source_of(allocation)
    url = page("source-lock", allocation.public_id, source.public_id)
    assert desk.get(url).status_code == 200
    desk.post(url, {"reason": "audit"})
    source.refresh_from_db()
    assert source.locked_reason == "audit"


def test_what_others_have_is_not_there(client: Client, project: Project) -> None:
    allocation = allocation_with(seconds=3600, project=project)
    draft = actions.draft_request(project=project, draft=request_draft(), by=TESTER)
    hidden = [
        page("project-detail", "river"),
        page("member-list", "river"),
        page("request-create", "river"),
        page("request-detail", draft.public_id),
        page("allocation-detail", allocation.public_id),
    ]
    for url in hidden:
        assert client.get(url).status_code == 302
    client.force_login(UserFactory.create())
    assert {client.get(url).status_code for url in hidden} == {404}
    client.force_login(user_with(Role.OPERATIONS))
    assert client.get(page("request-detail", draft.public_id)).status_code == 404
    assert client.get(page("request-create", "river")).status_code == 403


def test_a_donor_sees_the_allocation_that_the_pledge_feeds(client: Client, project: Project) -> None:
    pledge = pledge_with_hours(seconds=3600)
    allocation = allocation_from((pledge, 3600), project=project)
    contact = user_with(Role.DONOR_CONTACT)
    grant_portal_access(donor=pledge.donor, user=contact, by=TESTER)
    client.force_login(contact)
    assert client.get(page("allocation-detail", allocation.public_id)).status_code == 200
    assert allocation.project.title in client.get(page("allocation-list")).text
    assert client.get(page("project-detail", "river")).status_code == 404
    assert client.get(page("allocation-freeze", allocation.public_id)).status_code == 403


@pytest.mark.parametrize("name", ["project-list", "request-list", "allocation-list"])
def test_lists_cost_the_same_at_any_length(desk: Client, name: str) -> None:
    def one_more() -> None:
        submitted_request()
        allocation_with(seconds=3600)

    one_more()
    desk.get(page(name))
    first = queries_of(desk, page(name))
    one_more()
    one_more()
    assert queries_of(desk, page(name)) == first <= 15


def test_pages_cost_the_same_however_full(desk: Client, project: Project) -> None:
    def one_more() -> Allocation:
        return allocation_from(
            (pledge_with_hours(seconds=36_000), 100), (pledge_with_hours(seconds=36_000), 100), project=project
        )

    allocation = one_more()
    urls = [page("project-detail", "river"), page("allocation-detail", allocation.public_id)]
    for url in urls:
        desk.get(url)
    first = [queries_of(desk, url) for url in urls]
    one_more()
    one_more()
    assert [queries_of(desk, url) for url in urls] == first
    assert max(first) <= 15


def test_a_pledges_page_shows_where_its_hours_are(client: Client, project: Project) -> None:
    pledge = pledge_with_hours(seconds=36_000)
    allocation_from((pledge, 3_600), project=project)
    client.force_login(user_with(Role.GRANTS_OFFICER))
    answer = client.get(reverse("funding:pledge-detail", args=[pledge.public_id]))
    assert "Not yet awarded" in answer.text
    assert "River" in answer.text
    empty = offered_pledge()
    assert "Not yet awarded" not in client.get(reverse("funding:pledge-detail", args=[empty.public_id])).text


def test_a_chart_goes_on_to_today_and_is_empty_before_the_first_award(desk: Client, project: Project) -> None:
    allocation = allocation_with(seconds=3600, project=project)
    later = timezone.now() + timedelta(days=3)
    history = burn_down(allocation)
    chart = burn_down_chart(allocation, history, standing_of(allocation, later), later)
    assert "even pace" in chart
    assert "<svg" not in burn_down_chart(allocation, [], [], later)


def test_the_back_office_shows_everything_and_writes_nothing(client: Client, project: Project) -> None:
    allocation = allocation_with(seconds=3600, project=project)
    client.force_login(user_with(Role.ADMIN))
    for model in (*apps.get_app_config("allocations").get_models(), *apps.get_app_config("capacity").get_models()):
        if not admin.site.is_registered(model):
            continue
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(url).status_code == 200
        assert client.get(url.replace("changelist", "") + "add/").status_code == 403
    url = reverse("admin:allocations_allocation_change", args=[allocation.pk])
    assert client.post(url, {"status": "closed"}).status_code == 403
