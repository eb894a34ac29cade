"""Who works on what, who reads it before the public does, and who decides."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from institute.catalog import actions
from institute.catalog.enums import ArtifactKind
from institute.catalog.models import Artifact, Publication, Revision
from institute.catalog.queries import possession, visibility
from institute.people.enums import HandleKind, Role
from institute.people.models import Handle
from tests.factories.allocations import project_with
from tests.factories.catalog import (
    committed,
    person_handle,
    reviewer,
    uploaded,
)
from tests.factories.clients import client_of
from tests.factories.people import TESTER, UserFactory, user_with
from tests.factories.stages import Things, things_of_a_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def things(db: None) -> Things:
    return things_of_a_project()


def test_permissions_know_nothing_of_other_things(things: Things) -> None:
    assert not things.lead.has_perm("catalog.view_artifact", None)
    assert not things.lead.has_perm("catalog.edit_artifact", things.lead)


def test_who_is_no_longer_active_sees_what_everybody_sees(things: Things) -> None:
    for person in (things.lead, reviewer(), user_with(Role.ADMIN)):
        person.is_active = False
        assert set(visibility.revisions_visible_to(person, timezone.now())) == {things.public}
        assert set(visibility.publications_visible_to(person, timezone.now())) == {things.paper}
        assert not person.has_perm("catalog.draft_revision", things.draft)
        assert not person.has_perm("catalog.propose_revision", things.draft)


def test_a_reviewer_opens_an_unpublished_artefact_while_something_of_it_is_proposed(things: Things) -> None:
    draft = actions.draft_revision(artifact=things.proposed.artifact, label="next", by=TESTER)
    client, address = client_of(reviewer()), things.proposed.artifact.get_absolute_url()
    page = client.get(address).content.decode()
    assert things.proposed.get_absolute_url() in page
    assert draft.get_absolute_url() not in page and f"{address}/upload" not in page
    actions.return_revision(revision=things.proposed, by=reviewer().actor, reason="Typos.")
    assert client.get(address).status_code == 404


def test_a_reviewer_reads_on_the_public_page_what_is_proposed_and_no_draft(things: Things) -> None:
    artifact = things.public.artifact
    committed(artifact, things.lead, {"more.txt": b"more"})
    waiting, draft = (
        actions.draft_revision(artifact=artifact, label=label, licence="MIT", by=TESTER) for label in ("next", "later")
    )
    Revision.objects.filter(pk=waiting.pk).update(status="in_review")
    address = artifact.get_absolute_url()
    pages = [client_of(user).get(address).content.decode() for user in (reviewer(), things.member, UserFactory())]
    assert [waiting.get_absolute_url() in page for page in pages] == [True, True, False]
    assert [draft.get_absolute_url() in page for page in pages] == [False, True, False]


def test_a_withdrawn_artefact_keeps_its_tombstone_and_stands_in_no_list(things: Things) -> None:
    actions.withdraw_revision(revision=things.public, by=reviewer().actor, reason="Wrong.")
    artifact = Artifact.objects.get(pk=things.public.artifact_id)
    nobody = AnonymousUser()
    assert artifact not in visibility.artifacts_visible_to(nobody, timezone.now())
    assert client_of(nobody).get(artifact.get_absolute_url()).status_code == 410
    assert client_of(things.lead).get(artifact.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("what", ["", "/tree/main", "/resolve/main/config.json", "/commits/v1", "/provenance.json"])
def test_a_disabled_artefact_shows_nothing_to_outsiders(what: str, things: Things) -> None:
    Artifact.objects.filter(pk=things.public.artifact_id).update(status="disabled")
    address = things.public.artifact.get_absolute_url() + what
    for outsider in (AnonymousUser(), UserFactory.create(), reviewer()):
        assert client_of(outsider).get(address).status_code == 404
    assert client_of(things.lead).get(things.public.artifact.get_absolute_url()).status_code == 200


def test_what_a_person_made_under_their_own_handle_is_theirs() -> None:
    ada, other = UserFactory.create(), UserFactory.create()
    own = actions.create_artifact(
        kind=ArtifactKind.DATASET, namespace=person_handle(ada, "ada"), name="notes", by=ada.actor
    )
    committed(own, ada, {"README.md": b"# N\n\nNotes.\n", "a.txt": b"1"})
    revision = actions.draft_revision(artifact=own, licence="MIT", by=ada.actor)
    for permission, thing in (
        ("catalog.edit_artifact", own),
        ("catalog.propose_revision", revision),
        ("catalog.view_revision", revision),
    ):
        assert ada.has_perm(permission, thing) and not other.has_perm(permission, thing)
    assert client_of(ada).get("/ada").status_code == 200
    assert client_of(other).get("/ada").status_code == 404


def test_what_stands_under_the_institutes_handle_belongs_to_operations() -> None:
    institute = Handle.objects.create(name="institute", kind=HandleKind.INSTITUTE)
    operations, finance = user_with(Role.OPERATIONS), user_with(Role.FINANCE)
    made = client_of(operations).post("/new/dataset", {"namespace": institute.name, "name": "figures", "summary": ""})
    assert client_of(operations).get(made["Location"]).status_code == 200
    assert client_of(finance).get(made["Location"]).status_code == 404
    artifact = Artifact.objects.get()
    committed(artifact, operations, {"README.md": b"# F\n\nFigures.\n", "a.csv": b"1\n"})
    revision = actions.draft_revision(artifact=artifact, licence="MIT", by=operations.actor)
    assert client_of(operations).post(f"{revision.get_absolute_url()}/propose").status_code == 302
    revision.refresh_from_db()
    assert revision.status == "in_review"


HANDLES: dict[str, dict[str, bool]] = {
    "own": {"lead": True, "operations": False, "finance": False, "admin": True},
    "project": {"lead": True, "operations": False, "finance": False, "admin": True},
    "institute": {"lead": False, "operations": True, "finance": False, "admin": True},
    "mirror": {"lead": False, "operations": False, "finance": False, "admin": True},
}


def test_handles_under_which_one_may_create() -> None:
    lead = UserFactory.create()
    project = project_with(lead=lead)
    people = {"lead": lead} | {role: user_with(Role(role)) for role in ("operations", "finance", "admin")}
    handles = {
        "own": person_handle(lead, "ada"),
        "project": Handle.objects.get(owner_id=project.public_id),
        "institute": Handle.objects.create(name="institute", kind=HandleKind.INSTITUTE),
        "mirror": Handle.objects.create(name="mirror", kind=HandleKind.MIRROR),
    }
    may = {
        kind: {name: person.has_perm("catalog.create_artifact", handle) for name, person in people.items()}
        for kind, handle in handles.items()
    }
    assert may == HANDLES
    assert not AnonymousUser().has_perm("catalog.create_artifact", handles["own"])
    assert not lead.has_perm("catalog.create_artifact", project)


def test_a_person_may_name_only_bytes_they_brought_or_may_read(things: Things) -> None:
    artifact = things.draft.artifact
    config = next(file.sha256 for file in artifact_files(things.draft) if file.path == "config.json")
    committed(artifact, things.lead, {"secret.txt": b"nobody else knows"})
    secret = uploaded(artifact, b"nobody else knows", things.lead)
    fresh = uploaded(artifact, b"just brought", things.lead)
    now = timezone.now()
    assert possession.unnameable(things.lead, {config, secret, fresh}, now) == set()
    assert possession.unnameable(things.member, {config, secret, fresh}, now) == {fresh}
    assert possession.unnameable(UserFactory.create(), {config, secret, fresh}, now) == {secret, fresh}
    assert possession.unnameable(user_with(Role.FINANCE), {secret}, now) == {secret}


def artifact_files(revision: Revision) -> Any:
    from institute.catalog.queries import trees

    return trees.files_of(revision.commit)


def test_administrators_write_papers_and_open_files_of_every_project(things: Things) -> None:
    admin = client_of(user_with(Role.ADMIN))
    assert things.lead is not None and things.empty.project is not None
    project = things.empty.project
    for url in (f"{things.draft.artifact.get_absolute_url()}/{what}" for what in ("tree/main", "blob/main/README.md")):
        assert admin.get(url).status_code == 200
    page = admin.get(f"/new/paper?project={project.public_id}").content.decode()
    assert f'value="{project.public_id}" selected' in page
    body = {
        "project": project.public_id,
        "title": "By the office",
        "kind": "report",
        "language": "en",
        "abstract": "All of it.",
        "authors": "Ada Lovelace",
        "links": f"{things.public.artifact}@v1",
    }
    made = admin.post("/new/paper", body)
    assert made.status_code == 302, made.content.decode()
    assert Publication.objects.get(title="By the office").project == project
    assert admin.get("/new/paper").status_code == 200


def test_administrators_make_something_new_under_the_handle_that_the_page_names() -> None:
    project = project_with()
    admin = client_of(user_with(Role.ADMIN))
    assert f'value="{project.handle}" selected' in admin.get(f"/new/model?handle={project.handle}").content.decode()
    made = admin.post("/new/model", {"namespace": project.handle, "name": "fresh", "summary": ""})
    assert made["Location"] == f"/{project.handle}/fresh/upload"
    client_of(user_with(Role.FINANCE)).post("/new/model", {"namespace": project.handle, "name": "next", "summary": ""})
    assert not Artifact.objects.filter(name="next").exists()


def test_the_back_office_shows_the_catalogue_to_administrators_alone(things: Things) -> None:
    for name in ("artifact", "revision", "publication", "commit", "blob"):
        assert client_of(user_with(Role.ADMIN)).get(f"/admin/catalog/{name}/").status_code == 200
        assert client_of(user_with(Role.OPERATIONS)).get(f"/admin/catalog/{name}/").status_code == 403
