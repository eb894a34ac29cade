"""Papers: written down with their authors and what they are about, reviewed, published, and corrected in public."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.models import Project
from grants.funding.enums import ObligationKind
from institute.catalog import rules
from institute.catalog.actions.review import evidence_of, fulfil, require_reason
from institute.catalog.enums import (
    CreditRole,
    LinkStatus,
    PublicationKind,
    PublicationRelation,
    PublicationStatus,
)
from institute.catalog.events import PublicationPublished
from institute.catalog.models import Artifact, Blob, Creator, Credit, Publication, PublicationLink, Revision
from institute.catalog.models.credit import ORCID_FORM
from institute.catalog.queries import publications
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.outbox import publish
from institute.core.states import record_change, transition
from institute.people.models import User

DOI_FORM = re.compile(r"10\.[0-9]{4,9}/\S{1,110}")
ARXIV_FORM = re.compile(r"[0-9]{4}\.[0-9]{4,5}(v[0-9]+)?|[a-z-]+(\.[A-Z]{2})?/[0-9]{7}(v[0-9]+)?")
MOST_AUTHORS = 500


@dataclass(frozen=True, slots=True)
class CreditDraft:
    """One author in the order of the paper."""

    name: str
    orcid: str = ""
    affiliation: str = ""
    role: CreditRole | str = ""
    user: User | None = None


@dataclass(frozen=True, slots=True)
class LinkDraft:
    """What the paper does with an artefact, or with exactly one revision of it."""

    artifact: Artifact
    relation: PublicationRelation = PublicationRelation.INTRODUCES
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class PublicationDraft:
    """Everything that its authors say of a paper."""

    title: str
    kind: PublicationKind = PublicationKind.PREPRINT
    abstract: str = ""
    language: str = "en"
    venue: str = ""
    published_on: date | None = None
    arxiv_id: str = ""
    doi: str = ""
    credits: Sequence[CreditDraft] = field(default=())
    links: Sequence[LinkDraft] = field(default=())
    pdf: Blob | None = None


def create_publication(*, project: Project, draft: PublicationDraft, by: Actor) -> Publication:
    """Write a paper down as a draft. Raises Refused for a bad DOI, arXiv number or ORCID, Conflict for a known one."""
    with transaction.atomic():
        publication = _write(Publication(project=project, created_by=str(by)), draft, by)
        record_change(publication, from_status="", to_status=publication.status, by=by)
        audit.record(by=by, action="publication.create", subject=publication, details={"project": project.public_id})
    return publication


def edit_publication(*, publication: Publication, draft: PublicationDraft, by: Actor) -> Publication:
    """Write a draft anew, its authors and links with it. Raises as `create_publication`, Conflict if it is no draft."""
    with transaction.atomic():
        publication = _locked(publication)
        if publication.status != PublicationStatus.DRAFT:
            raise Conflict(
                _("“%(paper)s” is %(status)s: it cannot be changed.")
                % {"paper": publication, "status": publication.get_status_display()},
                rule="not-a-draft",
                way_out=_("Ask the reviewer to return it."),
            )
        publication.credits.all().delete()
        publication.links.all().delete()
        publication = _write(publication, draft, by)
        audit.record(by=by, action="publication.edit", subject=publication)
    return publication


def _write(publication: Publication, draft: PublicationDraft, by: Actor) -> Publication:
    _check(draft)
    for name in ("kind", "language", "published_on"):
        setattr(publication, name, getattr(draft, name))
    publication.title, publication.abstract = " ".join(draft.title.split()), draft.abstract.strip()
    publication.venue, publication.pdf = draft.venue.strip(), draft.pdf or publication.pdf
    publication.doi, publication.arxiv_id = bare_doi(draft.doi), bare_arxiv(draft.arxiv_id)
    try:
        with transaction.atomic():
            publication.save()
    except IntegrityError:
        raise Conflict(
            _("A paper with this DOI or arXiv number is in the catalogue already."),
            field="doi" if publication.doi else "arxiv_id",
            rule="paper-known",
            way_out=_("Open that paper instead."),
        ) from None
    _credit(publication, draft.credits, by)
    _link(publication, draft.links, by)
    return publication


def _check(draft: PublicationDraft) -> None:
    faults = (
        (not draft.title.strip() or len(draft.title) > 300, "title", _("A title has 1 to 300 characters.")),
        (
            bool(draft.doi.strip()) and not DOI_FORM.fullmatch(bare_doi(draft.doi)),
            "doi",
            _("A DOI looks like 10.1234/abc."),
        ),
        (
            bool(draft.arxiv_id.strip()) and not ARXIV_FORM.fullmatch(bare_arxiv(draft.arxiv_id)),
            "arxiv_id",
            _("An arXiv number looks like 2611.01234."),
        ),
        (len(draft.credits) > MOST_AUTHORS, "creators", _("A paper has at most 500 authors here.")),
        (any(not credit.name.strip() for credit in draft.credits), "creators", _("An author has a name.")),
        (
            any(credit.orcid and not is_orcid(credit.orcid) for credit in draft.credits),
            "creators",
            _("An ORCID looks like 0000-0002-1825-0097 and its last character checks the others."),
        ),
    )
    for is_wrong, name, message in faults:
        if is_wrong:
            raise Refused(message, field=name, rule=f"paper-{name}")


def bare_doi(text: str) -> str:
    """A DOI without what people paste in front of it."""
    return re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)", "", text.strip(), flags=re.IGNORECASE)


def bare_arxiv(text: str) -> str:
    """An arXiv number without what people paste in front of it."""
    return re.sub(r"^(https?://arxiv\.org/(abs|pdf)/|arxiv:)", "", text.strip(), flags=re.IGNORECASE)


def is_orcid(text: str) -> bool:
    """Whether the digits match their check digit (ISO 7064 MOD 11-2)."""
    if not re.match(ORCID_FORM, text):
        return False
    plain = text.replace("-", "")
    total = 0
    for digit in plain[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return plain[-1] == ("X" if check == 10 else str(check))


def _credit(publication: Publication, credits_: Sequence[CreditDraft], by: Actor) -> None:
    Credit.objects.bulk_create(
        Credit(
            publication=publication,
            creator=_creator(credit, by),
            position=position,
            role=str(credit.role),
            affiliation=credit.affiliation.strip()[:200],
            created_by=str(by),
        )
        for position, credit in enumerate(credits_, start=1)
    )


def _creator(credit: CreditDraft, by: Actor) -> Creator:
    """The known creator with this ORCID or account, else a new one: two people may share a name."""
    name = " ".join(credit.name.split())[:200]
    if credit.orcid:
        defaults = {"name": name, "user": credit.user, "created_by": str(by)}
        return Creator.objects.get_or_create(orcid=credit.orcid, defaults=defaults)[0]
    known = Creator.objects.filter(user=credit.user).order_by("id").first() if credit.user else None
    return known or Creator.objects.create(name=name, user=credit.user, created_by=str(by))


def _link(publication: Publication, links: Sequence[LinkDraft], by: Actor) -> None:
    for link in dict.fromkeys(links):
        if link.revision is not None and link.revision.artifact_id != link.artifact.pk:
            raise Refused(_("The revision belongs to something else."), field="links", rule="link-revision")
        PublicationLink.objects.create(
            publication=publication,
            artifact=link.artifact,
            revision=link.revision,
            relation=link.relation,
            created_by=str(by),
        )


def propose_publication(*, publication: Publication, by: Actor) -> Publication:
    """Hand a paper to the reviewers. Raises Refused while a condition is not met, Conflict if it is no draft."""
    with transaction.atomic():
        publication = _locked(publication)
        rules.require_presentable(publication)
        transition(publication, PublicationStatus.IN_REVIEW, by=by)
        audit.record(by=by, action="publication.propose", subject=publication)
    return publication


def return_publication(*, publication: Publication, by: Actor, reason: str) -> Publication:
    """Give a paper back to its authors. Raises Refused without a reason, Forbidden to its authors."""
    reason = require_reason(reason)
    with transaction.atomic():
        publication = _locked(publication)
        rules.require_independent(publication, by)
        transition(publication, PublicationStatus.DRAFT, by=by, reason=reason)
        audit.record(by=by, action="publication.return", subject=publication, details={"reason": reason})
    return publication


def approve_publication(*, publication: Publication, by: Actor, now: datetime | None = None) -> Publication:
    """Put a paper before the public, confirm its links, and propose it for duties to publish that are still open.

    Raises Forbidden to its authors, Refused while a condition is not met, Conflict if it is not in review.
    """
    now = now or timezone.now()
    with transaction.atomic():
        rules.require_independent(publication, by)
        links = list(
            publications.links_of(publication).select_related("revision__job__project", "artifact__latest__job")
        )
        for link in links:
            revision = link.revision or link.artifact.latest
            if link.relation == PublicationRelation.INTRODUCES and revision is not None and revision.job is not None:
                fulfil(revision.job, evidence_of(publication), frozenset({ObligationKind.PUBLICATION}), by)
        publication = _locked(publication)
        rules.require_presentable(publication)
        fields = {"published_at": now, "published_by": str(by)}
        transition(publication, PublicationStatus.PUBLISHED, by=by, now=now, fields=fields)
        for link in links:
            transition(link, LinkStatus.CONFIRMED, by=by, now=now)
        audit.record(by=by, action="publication.publish", subject=publication)
        publish(PublicationPublished(publication_id=publication.public_id), subject=publication.public_id, by=by)
    return publication


def retract_publication(*, publication: Publication, by: Actor, reason: str) -> Publication:
    """Mark a published paper as retracted; its page stays and says why. Raises Refused without a reason."""
    reason = require_reason(reason)
    with transaction.atomic():
        publication = _locked(publication)
        transition(publication, PublicationStatus.RETRACTED, by=by, reason=reason)
        audit.record(by=by, action="publication.retract", subject=publication, details={"reason": reason})
    return publication


def _locked(publication: Publication) -> Publication:
    return Publication.objects.select_for_update(of=("self",)).select_related("project").get(pk=publication.pk)
