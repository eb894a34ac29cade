"""Drafts of revisions: made, described and given a card, until their authors propose them."""

import re
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.allocations.queries import payers_of_job
from grants.funding.queries import cite_texts
from institute.catalog.actions.blobs import store_text
from institute.catalog.actions.commits import CommitDraft, Put, signature_of, write_commit
from institute.catalog.enums import RevisionStatus
from institute.catalog.formats import cards, licences
from institute.catalog.models import Artifact, Commit, Revision
from institute.catalog.queries import artifacts, trees
from institute.core import audit
from institute.core.actors import Actor
from institute.core.errors import Conflict, Refused
from institute.core.states import record_change, transition

LABEL_FORM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,38}[A-Za-z0-9])?")
HASH_LIKE = re.compile(r"[0-9a-f]{7,40}")
LABELS_IN_USE = frozenset({"main", "head", "latest"})
ACKNOWLEDGEMENTS = "Acknowledgements"  # the card is the authors' text, not the page's: it stays in its own language


def draft_revision(
    *,
    artifact: Artifact,
    by: Actor,
    label: str = "",
    licence: str = "",
    notes: str = "",
    commit: Commit | None = None,
) -> Revision:
    """Make a draft of a commit (default: the newest on the main branch), with the next free label if none is given.

    Raises Refused if there is nothing committed, for a bad label or licence; Conflict if the label is taken.
    """
    commit = commit or trees.head_of(artifact)
    if commit is None:
        raise Refused(
            _("%(artifact)s has no files yet.") % {"artifact": artifact},
            rule="nothing-committed",
            way_out=_("Upload files first."),
        )
    with transaction.atomic():
        Artifact.objects.select_for_update(of=("self",)).get(pk=artifact.pk)
        label = check_label(label or artifacts.next_label(artifact))
        files = trees.files_of(commit)
        return create(
            Revision(
                artifact=artifact,
                label=label,
                commit=commit,
                licence=check_licence(licence),
                notes=notes.strip(),
                n_files=len(files),
                n_bytes=sum(file.size for file in files),
                created_by=str(by),
            ),
            by,
        )


def create(revision: Revision, by: Actor) -> Revision:
    """Write a new revision with its history. Raises Conflict if label or job has one."""
    try:
        with transaction.atomic():
            revision.save(force_insert=True)
    except IntegrityError:
        raise Conflict(
            _("%(artifact)s has a revision “%(label)s” already.")
            % {"artifact": revision.artifact, "label": revision.label},
            field="label",
            rule="label-taken",
            way_out=_("Choose another label."),
        ) from None
    record_change(revision, from_status="", to_status=revision.status, by=by)
    details = {"artifact": revision.artifact.public_id, "commit": revision.commit.sha1}
    audit.record(by=by, action="revision.draft", subject=revision, details=details)
    return revision


def check_label(label: str) -> str:
    """The label, if it can be one: short, no path, not like a commit's id or a branch."""
    label = label.strip()
    if not LABEL_FORM.fullmatch(label) or HASH_LIKE.fullmatch(label) or label.lower() in LABELS_IN_USE:
        raise Refused(
            _("“%(label)s” cannot be a label: letters, digits and . _ + -, at most 40, unlike a commit's id.")
            % {"label": label},
            field="label",
            rule="label-form",
            way_out=_("Write for example v2 or 2026-11."),
        )
    return label


def check_licence(licence: str) -> str:
    """The licence as SPDX writes it, "" while none is chosen. Raises Refused for what is none."""
    licence = licence.strip()
    if not licence or licence == licences.OTHER:
        return licence
    known = licences.canonical(licence)
    if not known or len(known) > 128:
        raise Refused(
            _("“%(licence)s” is no SPDX licence.") % {"licence": licence[:128]},
            field="licence",
            rule="licence",
            way_out=_("Write for example Apache-2.0, MIT or CC-BY-4.0, or “other”."),
        )
    return known


def adopt_candidate(*, revision: Revision, by: Actor) -> Revision:
    """Take up what a job's output became: a candidate turns into a draft that people work on."""
    with transaction.atomic():
        revision = _locked(revision)
        transition(revision, RevisionStatus.DRAFT, by=by)
        audit.record(by=by, action="revision.adopt", subject=revision)
    return revision


def describe_revision(
    *, revision: Revision, label: str, licence: str, notes: str, by: Actor, now: datetime | None = None
) -> Revision:
    """Give a draft its label, licence and notes; the card's front matter names the same licence afterwards.

    Raises Refused for bad ones, Conflict if it is no draft or the label is taken.
    """
    with transaction.atomic():
        revision = require_draft(revision)
        revision.label, revision.licence, revision.notes = check_label(label), check_licence(licence), notes.strip()
        try:
            with transaction.atomic():
                revision.save(update_fields=["label", "licence", "notes"])
        except IntegrityError:
            raise Conflict(
                _("Another revision is called “%(label)s”.") % {"label": label}, field="label", rule="label-taken"
            ) from None
        audit.record(by=by, action="revision.describe", subject=revision, details={"licence": revision.licence})
        _license_in_card(revision, by, now or timezone.now())
    return revision


def _license_in_card(revision: Revision, by: Actor, now: datetime) -> None:
    text = trees.text_at(revision.commit, trees.CARD)
    try:
        wanted = cards.with_front(text, license=revision.licence.lower()) if text else ""
        has_it = cards.split(text)[0].get("license", "") == revision.licence.lower()
    except cards.BadCard:
        return  # the check of the card says so
    if wanted and not has_it:
        _put_card(revision, wanted, "Name the licence in the card", by, now)


def edit_card(*, revision: Revision, text: str, by: Actor, now: datetime | None = None) -> Revision:
    """Put a new README.md into a draft, as a commit of its own.

    Raises Refused for front matter that cannot be read, Conflict if it is no draft.
    """
    text = text.replace("\r\n", "\n").strip() + "\n"
    try:
        cards.split(text)
    except cards.BadCard as error:
        raise Refused(str(error), field="card", rule="card", way_out=_("Correct the lines between the ---.")) from None
    with transaction.atomic():
        revision = require_draft(revision)
        if text != trees.text_at(revision.commit, trees.CARD):
            _put_card(revision, text, "Edit the card", by, now or timezone.now())
    return revision


def acknowledge_in_card(*, revision: Revision, by: Actor, now: datetime | None = None) -> Revision:
    """Add to a draft's card each sentence that a paying pledge asks for and that is not in it yet."""
    with transaction.atomic():
        revision = require_draft(revision)
        text = trees.text_at(revision.commit, trees.CARD)
        wanted = acknowledged(text, revision)
        if wanted != text:
            _put_card(revision, wanted, "Thank the donors in the card", by, now or timezone.now())
    return revision


def acknowledged(text: str, revision: Revision) -> str:
    """The card with every sentence that the pledges behind the revision's job ask for."""
    if revision.job is None:
        return text
    pledges = [pledge for pledge, _seconds in payers_of_job(revision.job.public_id)]
    return cards.with_sentences(text, [sentence for _pledge, sentence in cite_texts(pledges)], ACKNOWLEDGEMENTS)


def _put_card(revision: Revision, text: str, message: str, by: Actor, now: datetime) -> None:
    """Commit the card on top of the revision's own commit, so that nothing else slips in with it."""
    blob = store_text(text, by=by)
    commit = write_commit(
        artifact=revision.artifact,
        changes=[Put(trees.CARD, blob.sha256)],
        draft=CommitDraft(message, signature_of(by, now), base=revision.commit),
        by=by,
    )
    files = trees.files_of(commit)
    revision.commit, revision.n_files, revision.n_bytes = commit, len(files), sum(file.size for file in files)
    revision.save(update_fields=["commit", "n_files", "n_bytes"])


def require_draft(revision: Revision) -> Revision:
    """The revision, locked. Conflict unless it is a draft or a candidate."""
    revision = _locked(revision)
    if revision.status not in {RevisionStatus.DRAFT, RevisionStatus.CANDIDATE}:
        raise Conflict(
            _("%(revision)s is %(status)s: it cannot be changed.")
            % {"revision": revision, "status": revision.get_status_display()},
            rule="not-a-draft",
            way_out=_("Ask the reviewer to return it, or draft a new revision."),
        )
    return revision


def _locked(revision: Revision) -> Revision:
    return (
        Revision.objects.select_for_update(of=("self",))
        .select_related("artifact__namespace", "artifact__project", "commit", "job", "run")
        .get(pk=revision.pk)
    )
