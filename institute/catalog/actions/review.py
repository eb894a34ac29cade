"""From draft to public and back: one reviewed step, by somebody who is none of the authors."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.queries import payers_of_job
from compute.jobs.models import Job
from grants.funding.actions import Evidence, propose_fulfilment
from grants.funding.enums import ObligationKind
from institute.catalog import rules
from institute.catalog.actions.revisions import require_draft
from institute.catalog.enums import RevisionStatus
from institute.catalog.events import RevisionPublished, RevisionWithdrawn
from institute.catalog.formats import cards
from institute.catalog.models import Artifact, Publication, Ref, Revision
from institute.catalog.queries import artifacts, trees
from institute.catalog.queries.pages import address_of
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.outbox import publish
from institute.core.states import transition

FULFILLED = frozenset({ObligationKind.PUBLICATION, ObligationKind.CREDIT, ObligationKind.LICENCE})


def propose_revision(*, revision: Revision, by: Actor) -> Revision:
    """Hand a draft to the reviewers; from now on it does not change.

    Raises Refused while a condition of publication is not met, Conflict if it is no draft.
    """
    with transaction.atomic():
        revision = require_draft(revision)
        rules.require_publishable(revision)
        transition(revision, RevisionStatus.IN_REVIEW, by=by)
        audit.record(by=by, action="revision.propose", subject=revision, details={"commit": revision.commit.sha1})
    return revision


def return_revision(*, revision: Revision, by: Actor, reason: str) -> Revision:
    """Give a proposal back to its authors. Raises Refused without a reason, Forbidden to its authors."""
    reason = require_reason(reason)
    with transaction.atomic():
        revision = _locked(revision)
        rules.require_independent(revision, by)
        transition(revision, RevisionStatus.DRAFT, by=by, reason=reason)
        audit.record(by=by, action="revision.return", subject=revision, details={"reason": reason})
    return revision


def approve_revision(*, revision: Revision, by: Actor, now: datetime | None = None) -> Revision:
    """Put a proposal before the public and propose it as fulfilment of what its donors asked for.

    Duties are locked first, then the revision, then its artefact. The label becomes a tag, the artefact shows
    this revision from now on, and `RevisionPublished` tells later apps.

    Raises Forbidden to its authors, Refused while a condition is not met (clauses may have come since it was
    proposed), Conflict if it is not in review.
    """
    now = now or timezone.now()
    with transaction.atomic():
        rules.require_independent(revision, by)
        if revision.job is not None:
            fulfil(revision.job, evidence_of(revision), FULFILLED, by)
        revision = _locked(revision)
        artifact = Artifact.objects.select_for_update(of=("self",)).get(pk=revision.artifact_id)
        fields = {"published_at": now, "published_by": str(by)}
        transition(revision, RevisionStatus.PUBLISHED, by=by, now=now, fields=fields)
        rules.require_publishable(revision)
        _show(artifact, revision)
        Ref.objects.get_or_create(
            artifact=artifact,
            name=f"refs/tags/{revision.label}",
            defaults={"commit": revision.commit, "created_by": str(by)},
        )
        audit.record(by=by, action="revision.publish", subject=revision, details={"commit": revision.commit.sha1})
        event = RevisionPublished(revision_id=revision.public_id, artifact_id=artifact.public_id)
        publish(event, subject=artifact.public_id, by=by)
    return revision


def evidence_of(thing: Revision | Publication) -> Evidence:
    """How a duty names what fulfilled it."""
    return Evidence(id=thing.public_id, label=str(thing)[:200], url=address_of(thing))


def fulfil(job: Job, evidence: Evidence, kinds: frozenset[ObligationKind], by: Actor) -> None:
    """Propose `evidence` for the duties of a job's project to every pledge that paid for the job."""
    for pledge, _seconds in sorted(payers_of_job(job.public_id), key=lambda paid: paid[0].pk):
        propose_fulfilment(pledge=pledge, project_id=job.project.public_id, kinds=kinds, evidence=evidence, by=by)


def _show(artifact: Artifact, revision: Revision | None) -> None:
    """Make a revision the one that lists and the artefact's page show, or none."""
    artifact.latest, artifact.published_at = revision, revision.published_at if revision else None
    if revision is not None:
        front, body = cards.split(trees.text_at(revision.commit, trees.CARD))
        tags = front.get("tags", [])
        own = [str(tag).lower()[:64] for tag in tags if str(tag).strip()] if isinstance(tags, list) else []
        artifact.card, artifact.licence = front, revision.licence
        artifact.tags = sorted({*artifact.tags, *own})[:50]
        artifact.summary = artifact.summary or cards.first_paragraph(body)
    artifact.save(update_fields=["latest", "published_at", "card", "licence", "tags", "summary"])


def withdraw_revision(*, revision: Revision, by: Actor, reason: str) -> Revision:
    """Take a published revision back: its page stays and says why, lists show the one before it.

    Raises Refused without a reason, Conflict if it is not published.
    """
    reason = require_reason(reason)
    with transaction.atomic():
        revision = _locked(revision)
        artifact = Artifact.objects.select_for_update(of=("self",)).get(pk=revision.artifact_id)
        transition(revision, RevisionStatus.WITHDRAWN, by=by, reason=reason)
        if artifact.latest_id == revision.pk:
            _show(artifact, artifacts.public_revisions(artifact).filter(status=RevisionStatus.PUBLISHED).first())
        audit.record(by=by, action="revision.withdraw", subject=revision, details={"reason": reason})
        event = RevisionWithdrawn(revision_id=revision.public_id, artifact_id=artifact.public_id)
        publish(event, subject=artifact.public_id, by=by)
    return revision


def drop_revision(*, revision: Revision, by: Actor, reason: str) -> Revision:
    """Give a draft up; its commit stays in the history, and its job may be drafted again.

    The label is free again: a dropped revision carries its own id.
    """
    with transaction.atomic():
        revision = require_draft(revision)
        fields = {"label": revision.public_id.lower()}
        transition(revision, RevisionStatus.DROPPED, by=by, reason=reason.strip(), fields=fields)
        audit.record(by=by, action="revision.drop", subject=revision, details={"reason": reason.strip()})
    return revision


def require_reason(reason: str) -> str:
    """The reason, stripped. Refused if there is none: others will read it."""
    if not reason.strip():
        raise Refused(_("Give a reason: others will read it."), field="reason", rule="reason")
    return reason.strip()


def _locked(revision: Revision) -> Revision:
    return (
        Revision.objects.select_for_update(of=("self",))
        .select_related("artifact__namespace", "artifact__project", "commit", "job__project", "run")
        .get(pk=revision.pk)
    )
