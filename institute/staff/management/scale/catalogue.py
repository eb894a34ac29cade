"""What is published: models made by the jobs, data sets and code, commits of the first model, papers, drafts."""

import hashlib
from datetime import timedelta

from compute.allocations.models import Project
from institute.catalog.enums import (
    ArtifactKind,
    LinkStatus,
    PublicationKind,
    PublicationRelation,
    PublicationStatus,
    RevisionStatus,
)
from institute.catalog.formats import git
from institute.catalog.models import (
    Artifact,
    Blob,
    Commit,
    Creator,
    Credit,
    Publication,
    PublicationLink,
    Ref,
    Revision,
    Tree,
    TreeEntry,
)
from institute.staff.management.scale.bulk import BATCH, BY, Plan, write
from institute.staff.management.scale.granting import Granted
from institute.staff.management.scale.training import Trained

CARD = b"# A small model\n\nSeeded to measure pages.\n"
README = "README.md"
SIGNER = ("Scale", "scale@scale.example")


def shown(plan: Plan, granted: Granted, trained: Trained) -> None:
    """Every model and paper in the first project, all published but for as many drafts of data sets."""
    tree = _tree()
    models = _published(plan, granted, tree, ArtifactKind.MODEL, trained)
    _published(plan, granted, tree, ArtifactKind.CODE, None)
    data = _published(plan, granted, tree, ArtifactKind.DATASET, None)
    _drafts(plan, data)
    _history(plan, models[0].artifact, tree, models[0].commit.sha1)
    _papers(plan, granted.projects[0], models[0])


def _tree() -> Tree:
    sha1 = git.object_id("blob", CARD)
    blob, _ = Blob.objects.get_or_create(
        sha256=hashlib.sha256(CARD).hexdigest(),
        defaults={"git_sha1": sha1, "size": len(CARD), "inline": CARD, "is_text": True},
    )
    entry = git.Entry(git.FILE, README, sha1)
    tree, is_new = Tree.objects.get_or_create(sha1=git.tree_id([entry]))
    if is_new:
        TreeEntry.objects.create(tree=tree, name=README, mode=git.FILE, sha1=sha1, blob=blob, size=len(CARD))
    return tree


def _commit(plan: Plan, artifact: Artifact, tree: Tree, number: int, parent: str = "") -> Commit:
    signature = git.Signature(*SIGNER, plan.opened)
    message, parents = f"Commit {number:05}", [parent] if parent else []
    sha1 = git.commit_id(tree=tree.sha1, parents=parents, author=signature, committer=signature, message=message)
    name, email = SIGNER
    return Commit(
        artifact=artifact,
        sha1=sha1,
        parents=parents,
        tree=tree,
        author_name=name,
        author_email=email,
        authored_at=plan.opened,
        committer_name=name,
        committer_email=email,
        committed_at=plan.opened,
        message=message,
        created_by=str(BY),
    )


def _published(plan: Plan, granted: Granted, tree: Tree, kind: ArtifactKind, trained: Trained | None) -> list[Revision]:
    artifacts = plan.many(
        Artifact,
        lambda n: Artifact(
            kind=kind,
            namespace=granted.handle,
            name=f"{kind}-{n}",
            project=granted.projects[0],
            summary=f"{kind} {n:05}",
            tags=["en"],
            licence="Apache-2.0",
        ),
    )
    commits = plan.many(Commit, lambda n: _commit(plan, artifacts[n], tree, 0))
    plan.many(Ref, lambda n: Ref(artifact=artifacts[n], name="refs/heads/main", commit=commits[n]))
    revisions = plan.many(
        Revision,
        lambda n: Revision(
            artifact=artifacts[n],
            label="v1",
            commit=commits[n],
            job=trained.jobs[n] if trained else None,
            run=trained.runs[n] if trained else None,
            licence="Apache-2.0",
            status=RevisionStatus.PUBLISHED,
            n_files=1,
            n_bytes=len(CARD),
            published_at=plan.opened,
            published_by=str(BY),
        ),
    )
    for artifact, revision in zip(artifacts, revisions, strict=True):
        artifact.latest, artifact.published_at = revision, revision.published_at
    Artifact.objects.bulk_update(artifacts, ["latest", "published_at"], batch_size=BATCH)
    return revisions


def _drafts(plan: Plan, data: list[Revision]) -> None:
    plan.many(
        Revision,
        lambda n: Revision(
            artifact=data[n].artifact,
            label="v2",
            commit=data[n].commit,
            status=RevisionStatus.DRAFT,
            created_by=str(BY),
        ),
    )


def _history(plan: Plan, artifact: Artifact, tree: Tree, parent: str) -> None:
    """The first model gets as many commits and published revisions more, so that its own lists are long too."""
    drafts: list[Commit] = []
    for number in range(1, plan.rows + 1):
        drafts.append(_commit(plan, artifact, tree, number, parent))
        parent = drafts[-1].sha1
    commits = write(Commit, drafts)
    Ref.objects.filter(artifact=artifact).update(commit=commits[-1])
    plan.many(
        Revision,
        lambda n: Revision(
            artifact=artifact,
            label=f"v1.{n}",
            commit=commits[n],
            licence="Apache-2.0",
            status=RevisionStatus.PUBLISHED,
            n_files=1,
            n_bytes=len(CARD),
            published_at=plan.opened - timedelta(seconds=n + 1),
            published_by=str(BY),
        ),
    )


def _papers(plan: Plan, project: Project, model: Revision) -> None:
    creator = Creator.objects.create(name="Ada Lovelace")
    papers = plan.many(
        Publication,
        lambda n: Publication(
            project=project,
            kind=PublicationKind.PREPRINT,
            title=f"Paper {n:05}",
            abstract="We train a small model.",
            status=PublicationStatus.PUBLISHED,
            published_at=plan.opened,
            published_by=str(BY),
        ),
    )
    plan.many(Credit, lambda n: Credit(creator=creator, publication=papers[n], position=1))
    plan.many(
        PublicationLink,
        lambda n: PublicationLink(
            publication=papers[n],
            artifact=model.artifact,
            revision=model,
            relation=PublicationRelation.USES,
            status=LinkStatus.CONFIRMED,
        ),
    )
