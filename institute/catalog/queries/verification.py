"""The proof that a published revision is what its page says: everything that can be recomputed is, from the rows.

Nothing here trusts a stored figure that another row can contradict. A finding names the check, the thing and
both figures; no finding means that the chain holds.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import HoursAccount, HoursLine, HoursTransaction
from compute.jobs.enums import JobStatus
from grants.funding.enums import ObligationKind, ObligationStatus, RestrictionKind
from grants.funding.models import Obligation, Pledge, Restriction
from institute.catalog.enums import PUBLIC_REVISIONS, Relation, RevisionStatus
from institute.catalog.formats import cards, git
from institute.catalog.models import Blob, Commit, Ref, Revision, TreeEntry
from institute.catalog.queries import outputs, trees
from institute.catalog.queries.bytes import open_blob
from institute.catalog.queries.chain import AttemptRef, LineRef, Provenance, provenance
from institute.catalog.queries.publications import published_papers
from institute.core.states import history_of
from institute.core.storage import read_chunks


@dataclass(frozen=True, slots=True)
class Finding:
    """One break of a chain: which check, of what, and the figures that contradict each other."""

    check: str
    subject: str
    figures: str


def verify_provenance(revision: Revision, now: datetime) -> list[Finding]:
    """Every break between a revision's page and the rows and bytes behind it; [] when the chain holds."""
    revision = Revision.objects.select_related("artifact__namespace", "commit", "job", "run__job").get(pk=revision.pk)
    chain = provenance(revision)
    return list(_findings(chain, now))


def _findings(chain: Provenance, now: datetime) -> Iterator[Finding]:
    yield from _bytes(chain)
    yield from _history(chain.revision)
    yield from _publication(chain.revision, now)
    if chain.job is not None:
        yield from _output(chain)
        yield from _run(chain)
        for ref in chain.attempts:
            yield from _usage(ref, chain, now)
        yield from _ledger(chain)
        yield from _pledges(chain)
        yield from _duties(chain)


def _bytes(chain: Provenance) -> Iterator[Finding]:
    """Every file, read again from where it lies."""
    blobs = Blob.objects.in_bulk({file.sha256 for file in chain.files})
    for file in chain.files:
        blob = blobs[file.sha256]
        try:
            sha256, sha1, size = _hashes(blob)
        except (OSError, ValueError) as error:
            yield Finding("file", file.path, f"cannot be read: {type(error).__name__}")
            continue
        if (sha256, size) != (file.sha256, file.size):
            yield Finding("file", file.path, f"sha256 {sha256}, {size} bytes; listed {file.sha256}, {file.size}")
            continue
        expected = git.lfs_pointer_id(sha256, size) if file.is_large else sha1
        if expected != file.sha1:
            yield Finding("file-id", file.path, f"git id {expected}; listed {file.sha1}")


def _hashes(blob: Blob) -> tuple[str, str, int]:
    sha256, sha1, size = hashlib.sha256(), git.blob_digest(blob.size), 0
    with open_blob(blob) as reader:
        for chunk in read_chunks(reader):
            sha256.update(chunk)
            sha1.update(chunk)
            size += len(chunk)
    return sha256.hexdigest(), sha1.hexdigest(), size


def _history(revision: Revision) -> Iterator[Finding]:
    """Every tree's id from its lines, the commit's from its fields, and what the tag names."""
    commit = revision.commit
    waiting = [commit.tree_id]
    while waiting:
        entries = list(TreeEntry.objects.filter(tree__in=waiting))
        for tree in waiting:
            own = [git.Entry(entry.mode, entry.name, entry.sha1) for entry in entries if entry.tree_id == tree]
            if git.tree_id(own) != tree:
                yield Finding("tree", tree, f"its lines give {git.tree_id(own)}")
        waiting = [entry.sha1 for entry in entries if entry.mode == git.FOLDER]
    if commit_id(commit) != commit.sha1:
        yield Finding("commit", commit.sha1, f"its fields give {commit_id(commit)}")
    if commit.artifact_id != revision.artifact_id:
        yield Finding("commit", commit.sha1, "it belongs to another artefact")
    tag = Ref.objects.filter(artifact=revision.artifact_id, name=f"refs/tags/{revision.label}").first()
    if revision.status in PUBLIC_REVISIONS and (tag is None or tag.commit_id != commit.pk):
        yield Finding("tag", revision.label, "the tag does not name the revision's commit")


def commit_id(commit: Commit) -> str:
    """A commit's id, recomputed from its row."""
    return git.commit_id(
        tree=commit.tree_id,
        parents=commit.parents,
        author=git.Signature(commit.author_name, commit.author_email, commit.authored_at, commit.authored_zone),
        committer=git.Signature(
            commit.committer_name, commit.committer_email, commit.committed_at, commit.committed_zone
        ),
        message=commit.message,
    )


def _publication(revision: Revision, now: datetime) -> Iterator[Finding]:
    """That a person published it, once, and that it was proposed before."""
    steps = [step.to_status for step in history_of(revision)]
    if not steps or steps[-1] != revision.status:
        yield Finding("status", revision.public_id, f"{revision.status}; its history ends in {steps[-1:]}")
    if revision.status not in PUBLIC_REVISIONS:
        yield Finding("published", revision.public_id, f"it is {revision.status}")
        return
    at = revision.published_at
    if at is None or at > now or RevisionStatus.IN_REVIEW not in steps or steps.count(RevisionStatus.PUBLISHED) != 1:
        yield Finding("published", revision.public_id, f"published at {at}, history {steps}")


def _output(chain: Provenance) -> Iterator[Finding]:
    """The job's own manifest against the revision's files."""
    revision, job = chain.revision, chain.job
    output = outputs.accepted_output(job) if job else None
    if job is None or output is None:
        yield Finding("output", revision.public_id, "its job has handed nothing in")
        return
    if hashlib.sha256(output.manifest_text.encode()).hexdigest() != output.manifest_sha256:
        yield Finding("manifest", output.public_id, "its text does not have its sha256")
    if output.manifest.get("job") not in (None, job.public_id):
        yield Finding("manifest", output.public_id, f"it is of job {output.manifest['job']}")
    for path in outputs.differences(output, chain.files):
        yield Finding("output", path, "the revision's file is not what the job handed in")
    if output.attempt.job_id != job.pk:
        yield Finding("output", output.public_id, "its attempt is of another job")
    if job.status != JobStatus.SUCCEEDED:
        yield Finding("job", job.public_id, f"it is {job.status}")


def _run(chain: Provenance) -> Iterator[Finding]:
    revision, run = chain.revision, chain.run
    if run is None:
        return
    if run.job_id != revision.job_id:
        yield Finding("run", run.public_id, "it is not the run of the revision's job")
    produced = [source for source in chain.sources if source.relation == Relation.PRODUCED_BY]
    if [source.from_run_id for source in produced] != [run.pk]:
        yield Finding("source", revision.public_id, "it is not recorded as produced by this run alone")


def _usage(ref: AttemptRef, chain: Provenance, now: datetime) -> Iterator[Finding]:
    """Each slice's seconds against the lines that charge it, and no charge without a slice."""
    attempt = ref.attempt.public_id
    end = None
    for cell in ref.slices:
        slice_ = cell.slice
        name = f"{attempt}/{slice_.slice_no}"
        charged = sum(line.quantity for line in cell.lines if line.account == AccountKind.SPENT)
        if charged != slice_.accelerator_seconds:
            yield Finding("slice", name, f"{slice_.accelerator_seconds} s used, {charged} s charged")
        if slice_.starts_at >= slice_.ends_at or slice_.ends_at > now or (end and slice_.starts_at < end):
            yield Finding("slice", name, f"from {slice_.starts_at} to {slice_.ends_at}")
        if chain.job is not None and slice_.accelerators != chain.job.accelerators:
            yield Finding("slice", name, f"{slice_.accelerators} accelerators; the job has {chain.job.accelerators}")
        end = slice_.ends_at
    loose = [line for line in ref.other_lines if line.kind == HoursKind.CAPTURE]
    for key in sorted({line.key for line in loose if not line.key.endswith(":overhead")}):
        yield Finding("charge", key, "no slice of usage stands behind it")


def _lines(chain: Provenance) -> list[LineRef]:
    return [
        line
        for ref in chain.attempts
        for line in [*(line for cell in ref.slices for line in cell.lines), *ref.other_lines]
    ]


def _ledger(chain: Provenance) -> Iterator[Finding]:
    """Every transaction that touches the job: sum, number of lines, one pledge, the job's own allocation."""
    assert chain.job is not None  # asked for jobs only
    subject = chain.job.public_id
    transactions = HoursTransaction.objects.filter(subject=subject).annotate(total=Sum("lines__quantity"))
    for row in transactions:
        lines = list(row.lines.select_related("account__source"))
        if row.total != 0 or len(lines) != row.line_count:
            yield Finding("hours", row.idempotency_key, f"sum {row.total}, {len(lines)} of {row.line_count} lines")
        if any(line.account.pledge_id != row.pledge_id for line in lines):
            yield Finding("hours", row.idempotency_key, "a line is on another pledge's account")
        sources = {line.account.source for line in lines if line.account.source is not None}
        if any(source.allocation_id != chain.job.allocation_id for source in sources):
            yield Finding("allocation", row.idempotency_key, "it is on a source of another allocation")
        if any(source.pledge_id != row.pledge_id for source in sources):
            yield Finding("source", row.idempotency_key, "its source is fed by another pledge")
    strays = {line.key for line in _lines(chain)} - {row.idempotency_key for row in transactions}
    for key in sorted(strays):
        yield Finding("hours", key, "it names an attempt of the job, but another subject")
    yield from _balances(chain)


def _balances(chain: Provenance) -> Iterator[Finding]:
    """The accounts of the paying pledges against their lines."""
    pledges = {payer.source.pledge_id for payer in chain.payers}
    sums = dict(
        HoursLine.objects.filter(account__pledge__in=pledges)
        .values_list("account")
        .annotate(total=Sum("quantity"))
        .order_by()
    )
    for account in HoursAccount.objects.filter(pledge__in=pledges):
        if account.balance != sums.get(account.pk, 0):
            yield Finding(
                "balance", f"{account.kind} {account.pk}", f"{account.balance}; lines {sums.get(account.pk, 0)}"
            )


def _pledges(chain: Provenance) -> Iterator[Finding]:
    """What was promised and deposited, and that it was promised at the time of use."""
    if not chain.payers:
        yield Finding("paid", chain.revision.public_id, "no pledge paid for its job")
    cells = [cell.slice for ref in chain.attempts for cell in ref.slices]
    for payer in chain.payers:
        pledge: Pledge = payer.source.pledge
        deposited = HoursLine.objects.filter(
            transaction__kind=HoursKind.DEPOSIT, account__pledge=pledge, account__kind=AccountKind.PLEDGED
        ).aggregate(total=Sum("quantity", default=0))["total"]
        promised = pledge.terms.order_by("-version").values_list("amount", flat=True)[0]
        if -deposited != promised:
            yield Finding("deposit", pledge.public_id, f"{-deposited} s deposited, {promised} s promised")
        early = min((cell.starts_at for cell in cells), default=None)
        if early is not None and early < pledge.window_starts_at:
            yield Finding("window", pledge.public_id, f"used at {early}, open from {pledge.window_starts_at}")


def _duties(chain: Provenance) -> Iterator[Finding]:
    """Each clause's duty, handed in with something public; and the sentences the card owes."""
    assert chain.job is not None  # asked for jobs only
    project = chain.job.project.public_id
    pledges = [payer.source.pledge_id for payer in chain.payers]
    wanted = [RestrictionKind.PUBLISH_BY, RestrictionKind.CITE]
    clauses = Restriction.objects.filter(pledge__in=pledges, kind__in=wanted).order_by("pledge_id", "clause_no")
    body = cards.split(trees.text_at(chain.revision.commit, trees.CARD))[1]
    duties = {duty.restriction_id: duty for duty in Obligation.objects.filter(restriction__in=clauses, subject=project)}
    for clause in clauses:
        if clause.kind == RestrictionKind.CITE and not cards.has_sentence(body, clause.text):
            yield Finding("acknowledgement", clause.public_id, "the card does not hold the sentence")
        duty = duties.get(clause.pk)
        if duty is None:
            yield Finding("obligation", clause.public_id, "the clause opened no duty for the project")
        elif duty.status not in {ObligationStatus.SUBMITTED, ObligationStatus.ACCEPTED, ObligationStatus.WAIVED}:
            yield Finding("obligation", duty.public_id, f"it is {duty.status}")
        elif duty.kind == ObligationKind.PUBLICATION and duty.evidence and not _is_evidence(duty.evidence, project):
            yield Finding("evidence", duty.public_id, f"{duty.evidence} is nothing that the project published")


def _is_evidence(public_id: str, project: str) -> bool:
    """Whether the id is of something public of the project."""
    own = Revision.objects.filter(
        public_id=public_id, artifact__project__public_id=project, status__in=PUBLIC_REVISIONS
    )
    return own.exists() or published_papers().filter(public_id=public_id, project__public_id=project).exists()
