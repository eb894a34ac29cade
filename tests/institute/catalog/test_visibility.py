"""Who may know of what: one rule for artefacts, revisions, papers and files, in every place that asks."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from institute.catalog.queries import visibility
from institute.people.enums import STAFF_ROLES, Role
from institute.people.models import User
from tests.factories.allocations import member_of
from tests.factories.clients import client_of
from tests.factories.people import UserFactory, user_with
from tests.factories.stages import Things, things_of_a_project


@pytest.fixture(scope="module")
def things(django_db_setup: None, django_db_blocker: Any) -> Iterator[Things]:
    """Built once, in a transaction that never commits."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield things_of_a_project()
        transaction.set_rollback(True)


PUBLIC, WITH_PROPOSED, ALL = 1, 2, 99
READERS: dict[str, int] = {
    "anonymous": PUBLIC,
    "stranger": PUBLIC,
    "former member": PUBLIC,
    "member": ALL,
    "lead": ALL,
    Role.REVIEWER: WITH_PROPOSED,
    Role.RESEARCHER: PUBLIC,
    Role.DONOR_CONTACT: PUBLIC,
    **dict.fromkeys(STAFF_ROLES, PUBLIC),
    Role.ADMIN: ALL,
}


def reader_named(name: str, things: Things) -> User | AnonymousUser:
    if name == "anonymous":
        return AnonymousUser()
    if name in {"member", "lead"}:
        return things.member if name == "member" else things.lead
    if name == "former member":
        former = UserFactory.create()
        assert things.empty.project is not None
        membership = member_of(things.empty.project, former)
        type(membership).objects.filter(pk=membership.pk).update(ends_at=timezone.now())
        return former
    return user_with(Role(name)) if name in Role.values else UserFactory.create()


@pytest.mark.parametrize("name", READERS)
def test_lists_permissions_pages_and_files_follow_one_rule(name: str, things: Things) -> None:
    reader, now = reader_named(name, things), timezone.now()
    known = READERS[name]
    client = client_of(reader)
    for wanted, found, permission in (
        (things.revisions[:known], visibility.revisions_visible_to(reader, now), "catalog.view_revision"),
        (things.artifacts[:known], visibility.artifacts_visible_to(reader, now), "catalog.view_artifact"),
        (things.papers[:known], visibility.publications_visible_to(reader, now), "catalog.view_publication"),
    ):
        rows: Any = found
        assert set(rows) == set(wanted)
        everything: Any = rows.model.objects.all()
        assert [reader.has_perm(permission, thing) for thing in everything] == [thing in wanted for thing in everything]
    for revision in things.revisions:
        status = 200 if revision in things.revisions[:known] else 404
        address = revision.artifact.get_absolute_url()
        tree = f"{address}/tree/{revision.commit.sha1}"
        api = f"/api/v1/artifacts/{revision.artifact.public_id}", f"/api/v1/revisions/{revision.public_id}"
        for url in (address, revision.get_absolute_url(), tree, *api):
            assert client.get(url).status_code == status, url
    assert set(visibility.readable_commits(reader, now)) == {
        revision.commit for revision in things.revisions[:known]
    } | ({commit for one in things.artifacts for commit in one.commits.all()} if known == ALL else set())
