"""A small institute with everything in it, and a person of every role, made through the actions that people use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from compute.allocations import actions as allocations
from compute.allocations.models import Allocation, AllocationSource, Membership, Project, Request
from compute.capacity.models import Cluster
from compute.jobs.models import Attempt, Job
from compute.tracking.actions.files import announce_files, upload_file
from compute.tracking.actions.lifecycle import ensure_run_of_job
from compute.tracking.models import Run, RunFile
from grants.donors.actions import grant_consent, grant_portal_access
from grants.donors.enums import ConsentPurpose
from grants.donors.models import Donor
from grants.funding import actions as funding
from grants.funding.enums import ObligationStatus
from grants.funding.models import Obligation, Pledge
from institute.catalog import actions as catalog
from institute.catalog.enums import ArtifactKind
from institute.catalog.models import Artifact, Publication, Revision
from institute.core.enums import OutboxStatus
from institute.core.ids import new_ulid
from institute.core.models import OutboxMessage
from institute.people.actions import create_token
from institute.people.enums import Role, Scope
from institute.people.models import ApiToken, User
from tests.factories import tracking
from tests.factories.allocations import (
    allocation_from,
    member_of,
    pledge_with_hours,
    project_with,
    request_draft,
    submitted_request,
)
from tests.factories.capacity import ClusterFactory
from tests.factories.catalog import (
    artifact_of,
    committed,
    finished_job,
    paper_draft,
    person_handle,
    published_paper,
    reviewer,
)
from tests.factories.donors import DonorFactory
from tests.factories.funding import active_pledge, offered_pledge
from tests.factories.jobs import HOUR, open_attempt, submitted_job
from tests.factories.people import TESTER, UserFactory, user_with

OUTSIDERS = {
    "researcher": Role.RESEARCHER,
    "reviewer": Role.REVIEWER,
    "grants_officer": Role.GRANTS_OFFICER,
    "operations": Role.OPERATIONS,
    "finance": Role.FINANCE,
    "privacy_officer": Role.PRIVACY_OFFICER,
    "facilitator": Role.FACILITATOR,
    "donor_contact": Role.DONOR_CONTACT,
    "admin": Role.ADMIN,
}
PEOPLE = ("researcher", "member", "lead", "reviewer", *list(OUTSIDERS)[2:])


@dataclass(frozen=True)
class Given:
    """Two donors, and pledges in every state that a decision starts from. The donor contact speaks for `donor`."""

    donor: Donor
    other_donor: Donor
    pledge: Pledge
    other_pledge: Pledge
    offered: Pledge
    suspended: Pledge
    cluster: Cluster


@dataclass(frozen=True)
class Granted:
    """One project with a lead and a member, its requests, and the hours it got from `Given.pledge`."""

    project: Project
    membership: Membership
    draft: Request
    submitted: Request
    allocation: Allocation
    source: AllocationSource
    empty_project: Project


@dataclass(frozen=True)
class Done:
    """Jobs of the project: one that waits (the lead's) and one that handed a model in; a run with metrics."""

    waiting: Job
    finished: Job
    attempt: Attempt
    run: Run
    run_file: RunFile
    duty: Obligation


@dataclass(frozen=True)
class Shown:
    """What the project published, and what it still works on."""

    model: Revision
    dataset: Revision
    code: Revision
    hidden: Artifact
    draft: Revision
    proposed: Revision
    paper: Publication
    paper_draft: Publication
    paper_proposed: Publication


@dataclass(frozen=True)
class World:
    """The institute; `people` by the names in PEOPLE."""

    people: Mapping[str, User]
    given: Given
    granted: Granted
    done: Done
    shown: Shown
    letter: OutboxMessage
    token: ApiToken

    @property
    def lead(self) -> User:
        """The lead of the project."""
        return self.people["lead"]


def small_institute() -> World:
    """Everything once, in about the order in which an institute comes to be."""
    people = _people()
    given = _given(people["donor_contact"])
    granted = _granted(given, people["lead"], people["member"])
    shown, done = _made(granted, people["lead"])
    return World(people, given, granted, done, shown, _dead_letter(), _token_of(people["researcher"]))


def _people() -> dict[str, User]:
    people = {name: user_with(role, name=name) for name, role in OUTSIDERS.items()}
    for name in ("lead", "member"):
        people[name] = user_with(Role.RESEARCHER, name=name)
    person_handle(people["researcher"], "ada")
    return people


def _given(contact: User) -> Given:
    donor, other = DonorFactory.create(name="Open TPU Programme"), DonorFactory.create(name="Northern Clusters")
    grant_portal_access(donor=donor, user=contact, by=TESTER)
    grant_consent(donor=donor, purpose=ConsentPurpose.NEWSLETTER, source="letter", by=TESTER)
    cluster = ClusterFactory.create(name="Hall One", slug="hall-one")
    suspended = active_pledge(donor=donor, title="Paused hosts")
    funding.suspend_pledge(pledge=suspended, reason="Moving house.", by=TESTER)
    suspended.refresh_from_db()
    return Given(
        donor=donor,
        other_donor=other,
        pledge=pledge_with_hours(seconds=200 * HOUR, donor=donor, title="Hosts 2026", cluster=cluster),
        other_pledge=pledge_with_hours(seconds=50 * HOUR, donor=other, title="Northern hosts"),
        offered=offered_pledge(donor=donor, title="More hosts"),
        suspended=suspended,
        cluster=cluster,
    )


def _granted(given: Given, lead: User, member: User) -> Granted:
    project = project_with(lead=lead, handle="swahili", title="Swahili for small machines")
    membership = member_of(project, member)
    allocation = allocation_from((given.pledge, 100 * HOUR), project=project)
    return Granted(
        project=project,
        membership=membership,
        draft=allocations.draft_request(project=project, draft=request_draft(), by=lead.actor),
        submitted=submitted_request(project=project),
        allocation=allocation,
        source=allocation.sources.get(),
        empty_project=project_with(handle="empty", title="Not begun"),
    )


def _made(granted: Granted, lead: User) -> tuple[Shown, Done]:
    project, allocation = granted.project, granted.allocation
    finished = finished_job(allocation=allocation, name="swahili-410m", submitter=lead)
    waiting = submitted_job(allocation=allocation, by=lead, name="swahili-1b")
    run = tracking.begun(ensure_run_of_job(job=waiting, by=TESTER))
    tracking.posted(run, tracking.history(tracking.lines(0, 20)))
    shown = _shown(project, finished, lead)
    file = announce_files(run=run, paths=["config.yaml"], by=TESTER)[0]
    upload_file(file=file, chunks=[b"seed: 0\n"])
    duty = Obligation.objects.filter(status=ObligationStatus.SUBMITTED).earliest("pk")
    return shown, Done(waiting, finished, open_attempt(waiting), run, file, duty)


def _shown(project: Project, finished: Job, lead: User) -> Shown:
    model = _approved(catalog.draft_revision_from_job(job=finished, by=lead.actor))
    others = [finished_job(allocation=finished.allocation, name=f"next-{n}", submitter=lead) for n in range(2)]
    draft, proposed = [catalog.draft_revision_from_job(job=job, by=lead.actor) for job in others]
    hidden = artifact_of(project, name="notes", kind=ArtifactKind.CODE)
    committed(hidden, lead, {"README.md": b"# Notes\n"})
    papers = [
        catalog.create_publication(project=project, draft=paper_draft(model, title=title), by=lead.actor)
        for title in ("Still Learning", "Learned Enough")
    ]
    catalog.propose_publication(publication=papers[1], by=lead.actor)
    return Shown(
        model=model,
        dataset=_published(project, lead, ArtifactKind.DATASET, "corpus"),
        code=_published(project, lead, ArtifactKind.CODE, "trainer"),
        hidden=hidden,
        draft=draft,
        proposed=catalog.propose_revision(revision=proposed, by=lead.actor),
        paper=published_paper(model),
        paper_draft=papers[0],
        paper_proposed=Publication.objects.get(pk=papers[1].pk),
    )


def _approved(revision: Revision) -> Revision:
    proposed = catalog.propose_revision(revision=revision, by=TESTER)
    return catalog.approve_revision(revision=proposed, by=reviewer().actor)


def _published(project: Project, lead: User, kind: ArtifactKind, name: str) -> Revision:
    artifact = artifact_of(project, name=name, kind=kind)
    files: dict[str, Any] = {"README.md": b"# What this is\n\nLines of text.\n", "train.txt": b"one\ntwo\n"}
    committed(artifact, lead, files)
    return _approved(catalog.draft_revision(artifact=artifact, licence="CC-BY-4.0", by=lead.actor))


def _dead_letter() -> OutboxMessage:
    return OutboxMessage.objects.create(
        event_id=new_ulid(),
        topic="tests.nothing",
        subject="nobody",
        receiver="tests.nowhere",
        payload={},
        status=OutboxStatus.DEAD,
        error="Nobody is there.",
    )


def _token_of(user: User) -> ApiToken:
    expires_at = timezone.now() + timedelta(days=1)
    return create_token(user=user, name="laptop", scopes=[Scope.READ], expires_at=expires_at, by=user.actor)[0]


def stranger() -> User:
    """One more person without any role."""
    return UserFactory.create(name="stranger")
