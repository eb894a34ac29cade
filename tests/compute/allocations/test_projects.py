"""Projects and the people who work on them."""

from datetime import UTC, datetime, timedelta

import pytest

from compute.allocations import actions, queries
from compute.allocations.enums import DataClass, MemberRole, ProjectStatus
from compute.allocations.models import HoursAccount, HoursDay, HoursLine, HoursTransaction, Membership, Project
from institute.core.errors import Conflict, Refused
from institute.core.models import AuditEntry
from institute.core.states import history_of
from institute.people.enums import Role
from institute.people.models import Handle
from tests.factories.allocations import allocation_with, member_of, project_with
from tests.factories.people import TESTER, UserFactory, user_with

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def draft(**fields: object) -> actions.ProjectDraft:
    return actions.ProjectDraft(**({"title": "River", "handle": "river"} | fields))  # type: ignore[arg-type]


def test_a_project_is_proposed_with_handle_and_lead_then_activated() -> None:
    lead = UserFactory.create()
    project = actions.propose_project(draft=draft(fields=("b", "a", "b")), lead=lead, by=TESTER, now=NOW)
    assert (project.status, project.fields) == (ProjectStatus.PROPOSED, ["a", "b"])
    assert Handle.objects.get(name="river").owner_id == project.public_id
    assert queries.is_lead(project, lead, NOW)
    actions.activate_project(project=project, by=TESTER, now=NOW)
    assert [step.to_status for step in history_of(project)] == ["proposed", "active"]
    with pytest.raises(Conflict):
        actions.activate_project(project=project, by=TESTER)


@pytest.mark.parametrize(("fields", "error"), [({"title": " "}, Refused), ({"handle": "projects"}, Refused)])
def test_a_wrong_project_is_refused_and_nothing_is_written(fields: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        actions.create_project(draft=draft(**fields), lead=UserFactory.create(), by=TESTER)
    assert (Project.objects.count(), Handle.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)


def test_a_handle_in_use_in_another_case_is_a_conflict() -> None:
    project_with(handle="river")
    with pytest.raises(Conflict, match="taken"):
        actions.create_project(draft=draft(handle="RIVER"), lead=UserFactory.create(), by=TESTER)


def test_what_a_project_says_of_itself_changes_but_not_its_handle() -> None:
    project, other = project_with(), project_with(fields=("b",))
    changed = actions.change_project(
        project=project, changes={"data_class": DataClass.PERSONAL, "fields": ["z", "a"]}, by=TESTER
    )
    assert (changed.data_class, changed.fields) == ("personal", ["a", "z"])
    assert Project.objects.get(pk=other.pk).fields == ["b"]
    for changes in ({"handle": "x"}, {"status": "archived"}, {"title": " "}):
        with pytest.raises(Refused):
            actions.change_project(project=project, changes=changes, by=TESTER)


def test_a_project_is_archived_once_its_allocations_are_over() -> None:
    project, other = project_with(), project_with()
    allocation_with(seconds=100, project=other)
    allocation = allocation_with(seconds=100, project=project)
    with pytest.raises(Refused, match="Give a reason"):
        actions.archive_project(project=project, reason=" ", by=TESTER)
    with pytest.raises(Refused, match="open allocations"):
        actions.archive_project(project=project, reason="done", by=TESTER)
    actions.close_allocation(allocation=allocation, reason="done", by=TESTER)
    assert actions.archive_project(project=project, reason="done", by=TESTER).status == ProjectStatus.ARCHIVED
    assert Project.objects.get(pk=other.pk).status == ProjectStatus.ACTIVE


def test_a_person_works_on_a_project_once_at_a_time() -> None:
    project, user = project_with(now=NOW), UserFactory.create()
    member_of(project, user, now=NOW)
    added = AuditEntry.objects.filter(action="membership.add", subject_id=project.public_id).latest("id")
    assert added.details == {"user": user.public_id, "role": "member"}
    with pytest.raises(Conflict, match="already on"):
        member_of(project, user, now=NOW)
    assert queries.is_member(project, user, NOW)
    assert not queries.is_lead(project, user, NOW)
    membership = queries.membership_of(project, user, NOW)
    assert membership is not None
    later = NOW + timedelta(days=1)
    actions.end_membership(membership=membership, by=TESTER, now=later)
    assert not queries.is_member(project, user, later)
    assert queries.is_member(project, user, later - timedelta(seconds=1))
    with pytest.raises(Conflict, match="already ended"):
        actions.end_membership(membership=membership, by=TESTER, now=later)
    member_of(project, user, role=MemberRole.LEAD, now=later)
    assert queries.is_lead(project, user, later)


def test_somebody_whose_account_is_closed_cannot_be_added() -> None:
    with pytest.raises(Refused, match="is closed"):
        member_of(project_with(), UserFactory.create(is_active=False))


def test_the_last_lead_stays() -> None:
    project = project_with(now=NOW)
    lead = Membership.objects.get()
    project_with(now=NOW)  # whose lead does not count here
    with pytest.raises(Refused, match="without a lead"):
        actions.end_membership(membership=lead, by=TESTER, now=NOW)
    member_of(project, UserFactory.create(), role=MemberRole.LEAD, now=NOW)
    assert actions.end_membership(membership=lead, by=TESTER, now=NOW).ends_at == NOW


def test_staff_see_all_projects_and_others_their_own() -> None:
    user, staff = UserFactory.create(), user_with(Role.FINANCE)
    mine, other = project_with(members=[user], now=NOW), project_with(now=NOW)
    assert list(queries.projects_visible_to(user, NOW)) == [mine]
    assert list(queries.projects_visible_to(staff, NOW)) == [other, mine]
    assert [p.member_count for p in queries.with_counts(queries.projects_of(user, NOW), NOW)] == [2]
    assert queries.project_by_handle(mine.handle.upper()) == mine
    assert queries.project_by_handle("nobody") is None
    assert [m.role for m in queries.members_of(mine, NOW)] == ["lead", "member"]


def test_permissions_belong_to_roles_within_the_project() -> None:
    lead, member, stranger, neighbour = (UserFactory.create() for _ in range(4))
    project = project_with(lead=lead, members=[member])
    project_with(lead=neighbour)
    allocation = allocation_with(seconds=100, project=project)
    operator, finance, admin = (user_with(role) for role in (Role.OPERATIONS, Role.FINANCE, Role.ADMIN))
    table = {
        "allocations.view_project": {lead, member, operator, finance, admin},
        "allocations.view_allocation": {lead, member, operator, finance, admin},
        "allocations.edit_project": {lead, operator, admin},
        "allocations.manage_members": {lead, operator, admin},
        "allocations.submit_request": {lead, admin},
        "allocations.decide_request": {operator, admin},
        "allocations.freeze_allocation": {operator, admin},
        "allocations.create_project": {operator, admin},
        "allocations.view_hours": {operator, finance, admin},
    }
    for permission, allowed in table.items():
        obj = allocation if permission == "allocations.view_allocation" else project
        for user in (lead, member, stranger, neighbour, operator, finance, admin):
            assert user.has_perm(permission, obj) == (user in allowed), (permission, user)
    assert not stranger.has_perm("allocations.view_allocation", project)
    assert not stranger.has_perm("allocations.view_request", project)


def test_everything_has_a_name_that_people_can_read() -> None:
    allocation = allocation_with(seconds=100, project=project_with(title="River"))
    source = allocation.sources.get()
    named = [
        allocation,
        source,
        Membership.objects.first(),
        allocation.request,
        allocation.request.lines.get(),
        *HoursTransaction.objects.all(),
        *HoursAccount.objects.all(),
        *HoursLine.objects.all(),
        *HoursDay.objects.all(),
        source.pledge.supply,
    ]
    assert all(str(each) and "object (" not in str(each) for each in named)
