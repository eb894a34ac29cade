"""A project with something in every stage between the first upload and the public."""

from dataclasses import dataclass

from institute.catalog import actions
from institute.catalog.models import Artifact, Publication, Revision
from institute.people.models import User
from tests.factories.allocations import member_of, project_with
from tests.factories.catalog import (
    artifact_of,
    drafted,
    paid_allocation,
    paper_draft,
    proposed,
    published,
    published_paper,
)
from tests.factories.people import UserFactory


@dataclass(frozen=True)
class Things:
    """What one project has: public, proposed, in the making, and not begun."""

    public: Revision
    proposed: Revision
    draft: Revision
    candidate: Revision
    empty: Artifact
    paper: Publication
    paper_proposed: Publication
    paper_draft: Publication
    lead: User
    member: User

    @property
    def revisions(self) -> list[Revision]:
        """The more public, the earlier."""
        return [self.public, self.proposed, self.draft, self.candidate]

    @property
    def artifacts(self) -> list[Artifact]:
        """As `revisions`; the empty one last."""
        return [*(revision.artifact for revision in self.revisions), self.empty]

    @property
    def papers(self) -> list[Publication]:
        """The more public, the earlier."""
        return [self.paper, self.paper_proposed, self.paper_draft]


def things_of_a_project() -> Things:
    """Made through the actions that people use."""
    project, member = project_with(), UserFactory.create()
    lead = project.memberships.get().user
    member_of(project, member)
    allocation = paid_allocation(project)
    public = published(allocation=allocation, name="public")
    papers = [
        actions.create_publication(project=project, draft=paper_draft(public, title=title), by=lead.actor)
        for title in ("Proposed", "Draft")
    ]
    actions.propose_publication(publication=papers[0], by=lead.actor)
    job = drafted(allocation=allocation, name="candidate")
    Revision.objects.filter(pk=job.pk).update(status="candidate")
    return Things(
        public=public,
        proposed=proposed(allocation=allocation, name="proposed"),
        draft=drafted(allocation=allocation, name="draft"),
        candidate=Revision.objects.get(pk=job.pk),
        empty=artifact_of(project, name="empty"),
        paper=published_paper(public),
        paper_proposed=papers[0],
        paper_draft=papers[1],
        lead=lead,
        member=member,
    )
