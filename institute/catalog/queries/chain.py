"""Where a revision comes from: revision → run → attempts → usage slices → hours lines → source → pledge → donor.

Read in a fixed number of statements, whatever the number of attempts, slices and lines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery, Sum

from compute.allocations.enums import AccountKind, HoursKind
from compute.allocations.models import AllocationSource, HoursLine
from compute.allocations.queries import parts_of_job
from compute.capacity.models import AcceleratorType
from compute.jobs.models import Attempt, Job, UsageSlice
from compute.tracking.models import Run
from grants.donors.models import Donor
from grants.donors.queries import public_donors
from grants.funding.models import ComputeTerms
from institute.catalog.enums import Basis
from institute.catalog.models import Revision, RevisionSource
from institute.catalog.queries import trees
from institute.catalog.queries.trees import FileAt
from institute.core.subqueries import aggregate_of


@dataclass(frozen=True, slots=True)
class LineRef:
    """One line of the hours ledger: its transaction's id and kind, the account's kind, and how much moved."""

    transaction: str
    key: str
    kind: str
    account: str
    source_id: int | None
    pledge_id: int
    quantity: int

    @property
    def slice_no(self) -> str:
        """The slice that a capture charges, "" for every other line."""
        kind, *parts = self.key.split(":")
        return parts[1] if kind == HoursKind.CAPTURE and len(parts) == 3 else ""


@dataclass(frozen=True, slots=True)
class SliceRef:
    """What an attempt used in one cell of time, and the lines that charged it."""

    slice: UsageSlice
    lines: list[LineRef]


@dataclass(frozen=True, slots=True)
class AttemptRef:
    """One try of the job; `other_lines` are losses and what else was booked for it."""

    attempt: Attempt
    slices: list[SliceRef]
    other_lines: list[LineRef]


@dataclass(frozen=True, slots=True)
class Payer:
    """What one pledge paid through one source: captured minus lost accelerator-seconds, and its share in tenths
    of a per cent."""

    source: AllocationSource
    spent: int
    per_mille: int
    is_named: bool

    @property
    def donor(self) -> Donor:
        """Who pledged it."""
        donor: Donor = self.source.pledge.donor
        return donor

    @property
    def percent(self) -> str:
        """The share to a tenth, e.g. "66.7"."""
        return f"{self.per_mille // 10}.{self.per_mille % 10}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything behind one revision. `job`, `run` and what hangs on them are empty for files people brought."""

    revision: Revision
    files: list[FileAt]
    sources: list[RevisionSource]
    job: Job | None = None
    run: Run | None = None
    attempts: list[AttemptRef] = field(default_factory=list)
    payers: list[Payer] = field(default_factory=list)

    @property
    def spent(self) -> int:
        """Accelerator-seconds that all pledges together paid."""
        return sum(payer.spent for payer in self.payers)

    @property
    def accelerator(self) -> AcceleratorType | None:
        """What the seconds are counted in."""
        return self.job.accelerator_type if self.job else None


def provenance(revision: Revision, *, files: list[FileAt] | None = None) -> Provenance:
    """The whole chain behind a revision."""
    sources = list(revision.sources.select_related("from_revision__artifact__namespace", "from_run").order_by("id"))
    files = files if files is not None else trees.files_of(revision.commit)
    if revision.job_id is None:
        return Provenance(revision, files, sources)
    job = Job.objects.select_related("project", "allocation__project", "accelerator_type").get(pk=revision.job_id)
    attempts = _attempts(job)
    lines = [line for ref in attempts for line in _lines_of(ref)]
    return Provenance(revision, files, sources, job, revision.run, attempts, payers_of(lines))


def _lines_of(ref: AttemptRef) -> Iterable[LineRef]:
    for cell in ref.slices:
        yield from cell.lines
    yield from ref.other_lines


def _attempts(job: Job) -> list[AttemptRef]:
    attempts = list(Attempt.objects.filter(job=job).select_related("cluster").order_by("number"))
    slices: dict[int, list[UsageSlice]] = {}
    for cell in UsageSlice.objects.filter(attempt__job=job).order_by("attempt_id", "slice_no"):
        slices.setdefault(cell.attempt_id, []).append(cell)
    lines = lines_of([attempt.public_id for attempt in attempts])
    return [_attempt_ref(attempt, slices.get(attempt.pk, []), lines.get(attempt.public_id, [])) for attempt in attempts]


def _attempt_ref(attempt: Attempt, slices: Sequence[UsageSlice], lines: Sequence[LineRef]) -> AttemptRef:
    """Lines go to the slice that their key names: capture:<attempt>:<slice>:<pledge>."""
    by_slice: dict[str, list[LineRef]] = {}
    for line in lines:
        by_slice.setdefault(line.slice_no, []).append(line)
    refs = [SliceRef(cell, by_slice.pop(str(cell.slice_no), [])) for cell in slices]
    return AttemptRef(attempt, refs, [line for rest in by_slice.values() for line in rest])


def lines_of(attempt_ids: Sequence[str]) -> dict[str, list[LineRef]]:
    """Every line of the hours ledger that names one of the attempts, in the order of posting."""
    found: dict[str, list[LineRef]] = {}
    rows = (
        HoursLine.objects.filter(transaction__attempt__in=attempt_ids)
        .order_by("transaction_id", "id")
        .values_list(
            "transaction__attempt",
            "transaction__public_id",
            "transaction__idempotency_key",
            "transaction__kind",
            "account__kind",
            "account__source_id",
            "account__pledge_id",
            "quantity",
        )
    )
    for row in rows:
        found.setdefault(row[0], []).append(LineRef(*row[1:]))
    return found


def payers_of(lines: Iterable[LineRef]) -> list[Payer]:
    """Who paid, by the ledger's `spent` lines; the largest first."""
    spent: dict[int, int] = {}
    for line in lines:
        if line.account == AccountKind.SPENT and line.source_id is not None:
            spent[line.source_id] = spent.get(line.source_id, 0) + line.quantity
    return payers(spent)


def payers_with_shares(job: Job) -> list[Payer]:
    """Who paid for a job, by the ledger's sums alone: two statements, however long the job ran."""
    return payers({part.source_id: part.spent for part in parts_of_job(job.public_id)})


def payers(spent: dict[int, int]) -> list[Payer]:
    """Who stands behind accelerator-seconds by source, with shares; the largest first."""
    spent = {source: seconds for source, seconds in spent.items() if seconds > 0}
    newest = ComputeTerms.objects.filter(pledge=OuterRef("pledge")).order_by("-version")
    awards = HoursLine.objects.filter(account__source=OuterRef("pk"), transaction__kind=HoursKind.AWARD)
    rows = (
        AllocationSource.objects.filter(pk__in=spent)
        .select_related("allocation__project", "pledge__donor")
        .annotate(
            is_named=Exists(public_donors().filter(pk=OuterRef("pledge__donor"))),
            pledged=Subquery(newest.values("amount")[:1]),
            awarded=aggregate_of(awards, "account__source", Sum("quantity")),
        )
    )
    sources = {row.pk: row for row in rows}
    shares = shares_of(spent)
    return [
        Payer(sources[key], spent[key], shares[key], sources[key].is_named)
        for key in sorted(spent, key=lambda key: (-spent[key], key))
    ]


def shares_of(amounts: dict[int, int]) -> dict[int, int]:
    """Shares in tenths of a per cent that sum to 1,000: the largest remainders round up."""
    total = sum(amounts.values())
    if total <= 0:
        return dict.fromkeys(amounts, 0)
    floors = {key: amount * 1000 // total for key, amount in amounts.items()}
    by_remainder = sorted(amounts, key=lambda key: (-(amounts[key] * 1000 % total), -amounts[key], key))
    for key in by_remainder[: 1000 - sum(floors.values())]:
        floors[key] += 1
    return floors


def as_json(chain: Provenance) -> dict[str, Any]:
    """The public picture: ids, times, hashes and figures, donors under the name the public may read; no person."""
    revision, job = chain.revision, chain.job
    return {
        "@type": "urn:headwaters:provenance:v1",
        "revision": {
            "id": revision.public_id,
            "artifact": str(revision.artifact),
            "kind": revision.artifact.kind,
            "label": revision.label,
            "status": revision.status,
            "commit": revision.commit.sha1,
            "tree": revision.commit.tree_id,
            "licence": revision.licence,
            "published_at": moment(revision.published_at),
            "files": [{"path": f.path, "sha256": f.sha256, "bytes": f.size, "git_sha1": f.sha1} for f in chain.files],
        },
        "sources": [_source_json(source) for source in chain.sources],
        "run": _run_json(chain.run) if chain.run else None,
        "job": _job_json(job) if job else None,
        "attempts": [_attempt_json(ref) for ref in chain.attempts],
        "paid_by": [_payer_json(payer, chain) for payer in chain.payers],
    }


def moment(at: datetime | None) -> str | None:
    """An instant as ISO 8601 in UTC."""
    return at.isoformat() if at else None


def _source_json(source: RevisionSource) -> dict[str, Any]:
    other = source.from_revision
    return {
        "relation": source.relation,
        "role": source.role,
        "said_by": "authors" if source.basis == Basis.DECLARED else "platform",
        "revision": {"id": other.public_id, "name": f"{other.artifact}@{other.label}"} if other else None,
        "run": source.from_run.public_id if source.from_run else None,
    }


def _run_json(run: Run) -> dict[str, Any]:
    return {
        "id": run.public_id,
        "status": run.status,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
    }


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.public_id,
        "name": job.name,
        "project": job.project.handle,
        "allocation": job.allocation.public_id,
        "recipe": job.recipe,
        "recipe_version": job.recipe_version,
        "code_sha256": job.code_sha256,
        "environment": job.environment,
        "image_digest": job.image_digest,
        "inputs": job.inputs,
        "accelerator_type": job.accelerator_type.slug,
        "accelerators": job.accelerators,
        "status": job.status,
        "started_at": moment(job.started_at),
        "ended_at": moment(job.ended_at),
    }


def _line_json(line: LineRef) -> dict[str, Any]:
    return {"transaction": line.transaction, "kind": line.kind, "account": line.account, "quantity": line.quantity}


def _attempt_json(ref: AttemptRef) -> dict[str, Any]:
    attempt = ref.attempt
    return {
        "id": attempt.public_id,
        "number": attempt.number,
        "status": attempt.status,
        "failure_class": attempt.failure_class,
        "started_at": moment(attempt.bound_at),
        "ended_at": moment(attempt.ended_at),
        "slices": [
            {
                "slice_no": cell.slice.slice_no,
                "starts_at": moment(cell.slice.starts_at),
                "ends_at": moment(cell.slice.ends_at),
                "accelerator_seconds": cell.slice.accelerator_seconds,
                "hours": [_line_json(line) for line in cell.lines],
            }
            for cell in ref.slices
        ],
        "other_hours": [_line_json(line) for line in ref.other_lines],
    }


def _payer_json(payer: Payer, chain: Provenance) -> dict[str, Any]:
    pledge = payer.source.pledge
    return {
        "donor": {"id": payer.donor.public_id, "name": payer.donor.name} if payer.is_named else None,
        "pledge": {"id": pledge.public_id, "title": pledge.title},
        "allocation_source": payer.source.public_id,
        "allocation": payer.source.allocation.public_id,
        "accelerator_type": chain.accelerator.slug if chain.accelerator else None,
        "accelerator_seconds": payer.spent,
        "share_percent": payer.percent,
    }
