"""Artefacts, revisions and papers for tests, and jobs that have handed something in.

A finished job is written as the machinery of jobs leaves it (attempt, slices, captured hours, accepted output),
without running any of it.
"""

import hashlib
import io
import json
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from compute.allocations import actions as hours
from compute.allocations.models import Allocation, Project
from compute.jobs.enums import AttemptStatus, CheckpointKind, Evidence, FileKind, JobStatus
from compute.jobs.models import Attempt, Job, JobCheckpoint, JobFile, UsageSlice
from compute.recipes.runtime.disk import canonical_json
from compute.tracking.enums import RunStatus
from compute.tracking.models import Run, RunProject
from grants.funding.actions import open_obligations
from grants.funding.models import Pledge
from institute.catalog import actions
from institute.catalog.enums import ArtifactKind, PublicationKind
from institute.catalog.models import Artifact, Publication, Revision
from institute.core.storage import store
from institute.people.actions import claim_handle
from institute.people.enums import HandleKind, Role
from institute.people.models import Handle, User
from tests.factories.allocations import allocation_from, pledge_with_hours, project_with
from tests.factories.capacity import ClusterFactory
from tests.factories.people import TESTER, UserFactory, user_with

HOUR = 3600
CELL = 300
LICENCE = "Apache-2.0"


def project_handle(project: Project) -> Handle:
    """The name space of a project."""
    return Handle.objects.get(owner_id=project.public_id)


def person_handle(user: User, name: str) -> Handle:
    """A name space of a person's own."""
    return claim_handle(name=name, kind=HandleKind.PERSON, owner_id=user.public_id, by=TESTER)


def artifact_of(
    project: Project, *, name: str = "swahili-410m", kind: ArtifactKind = ArtifactKind.MODEL, **fields: Any
) -> Artifact:
    """An empty artefact under the project's handle."""
    return actions.create_artifact(kind=kind, namespace=project_handle(project), name=name, by=TESTER, **fields)


def uploaded(artifact: Artifact, content: bytes, user: User) -> str:
    """The SHA-256 of bytes that the person has just brought."""
    upload = actions.upload_file(artifact=artifact, source=io.BytesIO(content), user=user, by=user.actor)
    return str(upload.blob_id)


def committed(artifact: Artifact, user: User, files: Mapping[str, bytes], **options: Any) -> Any:
    """A commit of the person that puts these files."""
    changes = [actions.Put(path, uploaded(artifact, content, user)) for path, content in files.items()]
    return actions.commit_files(
        artifact=artifact, changes=changes, **({"message": "Add files", "by": user.actor} | options)
    )


def safetensors(**tensors: Sequence[int]) -> bytes:
    """A safetensors file of zeros with these shapes."""
    header, offset = {}, 0
    for name, shape in tensors.items():
        size = 4 * (shape[0] * shape[1] if len(shape) == 2 else shape[0])
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(offset)


def metrics(*, value: float = 2.3, passed: bool = True) -> bytes:
    """metrics.json as a recipe writes it."""
    gates = [
        {"name": "reload", "value": 0.0, "limit": 0.005, "passed": True},
        {"name": "beats_baseline", "value": value, "limit": 3.07, "passed": passed},
    ]
    values = {"bits_per_byte": {"value": value, "n": 168754, "standard_error": 0.003}}
    baselines = {"byte_unigram": {"bits_per_byte": 4.8}, "token_unigram": {"bits_per_byte": 3.07}}
    return json.dumps({"values": values, "baselines": baselines, "gates": gates}).encode()


ENERGY = json.dumps(
    {
        "rows": [{"part": "cpu", "joules": 400, "method": "constant", "source": "CPU seconds × 10 W"}],
        "total": {"joules": 400, "method": "constant", "parts": ["cpu"]},
    }
).encode()
OUTPUT: dict[str, bytes] = {
    "README.md": b"# Swahili 410m\n\nA small language model for Swahili.\n",
    "config.json": b'{"model_type": "llama"}',
    "energy.json": ENERGY,
    "metrics.json": metrics(),
    "model.safetensors": safetensors(embed=[4, 2], head=[2, 2]),
    "tokenizer/vocab.txt": b"a\nb\n",
}


def finished_job(
    *,
    allocation: Allocation,
    name: str = "pretrain",
    seconds: int = 90,
    files: Mapping[str, bytes] | None = None,
    now: datetime | None = None,
    submitter: User | None = None,
    **inputs: Any,
) -> Job:
    """A job that has succeeded, used `seconds`, and handed these files in; its duties to donors are open."""
    now = now or timezone.now()
    started = cell_start(now - timedelta(hours=2))
    by = (submitter or UserFactory.create()).actor
    job = Job.objects.create(
        project=allocation.project,
        allocation=allocation,
        name=name,
        submitted_by=by.person,
        recipe="pretrain_lm",
        recipe_version=1,
        code_sha256="c" * 64,
        environment="recipes-jax",
        image_digest="sha256:" + "d" * 64,
        inputs={"seed": 0, "licence": "apache-2.0", "publish_on_success": False} | inputs,
        command=["python", "-m", "x"],
        resources={"processes": 1, "disk_bytes": 1 << 30},
        accelerator_type=allocation.request.current_lines.get().type,
        accelerators=1,
        wall_limit_s=900,
        estimate_seconds=seconds,
        created_by=str(by),
    )
    attempt = Attempt.objects.create(job=job, number=1, name=f"tj-{job.public_id.lower()}-1")
    hours.hold_hours(
        allocation=allocation, job_id=job.public_id, n=0, need=hours.HoldNeed(max(seconds, 900)), by=TESTER, now=now
    )
    use_hours(attempt, seconds=seconds, started=started)
    hours.release_hours(job_id=job.public_id, n=0, by=TESTER, now=now)
    ended = started + timedelta(seconds=seconds)
    Attempt.objects.filter(pk=attempt.pk).update(
        status=AttemptStatus.SUCCEEDED,
        cluster=allocation.sources.get_queryset()[0].pledge.supply.clusters.first(),
        bound_at=started,
        released_at=ended,
        ended_at=ended,
        exit_code=0,
    )
    Job.objects.filter(pk=job.pk).update(status=JobStatus.SUCCEEDED, started_at=started, ended_at=ended)
    hand_in(job, attempt, OUTPUT if files is None else files, now)
    for pledge in Pledge.objects.filter(allocation_sources__allocation=allocation):
        open_obligations(pledge=pledge, project_id=job.project.public_id, first_used_at=started, by=TESTER)
    tracked(job, now)
    return Job.objects.get(pk=job.pk)


def cell_start(at: datetime) -> datetime:
    """The start of the cell of time that holds an instant."""
    return datetime.fromtimestamp(int(at.timestamp()) // CELL * CELL, tz=at.tzinfo)


def use_hours(attempt: Attempt, *, seconds: int, started: datetime) -> None:
    """Slices of use from `started` on, each charged as it is written."""
    at, left = started, seconds
    while left:
        used = min(left, CELL)
        slice_no = int(at.timestamp()) // CELL
        hours.capture_hours(
            job_id=attempt.job.public_id,
            attempt_id=attempt.public_id,
            slice_no=slice_no,
            quantity=used,
            happened_at=at,
            by=TESTER,
        )
        UsageSlice.objects.create(
            attempt=attempt,
            slice_no=slice_no,
            starts_at=at,
            ends_at=at + timedelta(seconds=used),
            accelerators=1,
            accelerator_seconds=used,
            evidence=Evidence.REPORTED,
        )
        at, left = at + timedelta(seconds=CELL), left - used


def hand_in(job: Job, attempt: Attempt, files: Mapping[str, bytes], now: datetime) -> None:
    """The accepted output of a job, its bytes in the store."""
    rows = []
    for path, content in sorted(files.items()):
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"jobs/{job.public_id}/{sha256}"
        store().write(key, [content])
        rows.append({"path": path, "bytes": len(content), "sha256": sha256})
        JobFile.objects.create(job=job, kind=FileKind.OUTPUT, path=path, sha256=sha256, size=len(content), key=key)
    manifest = canonical_json({"job": job.public_id, "attempt": attempt.public_id, "kind": "output", "files": rows})
    JobCheckpoint.objects.create(
        job=job,
        attempt=attempt,
        fence=1,
        kind=CheckpointKind.OUTPUT,
        step=300,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        manifest_text=manifest.decode(),
        accepted_at=now,
    )


def tracked(job: Job, now: datetime) -> Run:
    """The run of a job, finished."""
    home, _ = RunProject.objects.get_or_create(project=job.project, name="default")
    return Run.objects.create(
        run_project=home,
        name=job.public_id,
        job=job,
        allocation=job.allocation,
        status=RunStatus.FINISHED,
        display_name=job.name,
        next_step=300,
        summary={"loss": 1.71},
        started_at=now - timedelta(hours=2),
        finished_at=now,
    )


def reviewer() -> User:
    """A reviewer who belongs to no project."""
    return user_with(Role.REVIEWER)


def lead_of(revision: Revision) -> User:
    """Who leads the project behind a revision."""
    assert revision.artifact.project is not None
    lead: User = revision.artifact.project.memberships.get(role="lead").user
    return lead


def paid_allocation(
    project: Project | None = None, *, pledges: int = 1, seconds: int = 10 * HOUR, **fields: Any
) -> Allocation:
    """An allocation fed by as many pledges, all of which run on one cluster."""
    cluster = ClusterFactory.create(accelerators=1)
    given = [pledge_with_hours(seconds=seconds, cluster=cluster, **fields) for _ in range(pledges)]
    return allocation_from(*[(pledge, seconds) for pledge in given], project=project or project_with())


def drafted(project: Project | None = None, **fields: Any) -> Revision:
    """A draft of what a fresh job of the project handed in; `fields` are those of `finished_job`."""
    allocation = fields.pop("allocation", None) or paid_allocation(project)
    job = finished_job(allocation=allocation, **({"name": "swahili-410m"} | fields))
    return actions.draft_revision_from_job(job=job, by=TESTER)


def proposed(project: Project | None = None, **fields: Any) -> Revision:
    """A revision that waits for its reviewer."""
    return actions.propose_revision(revision=drafted(project, **fields), by=TESTER)


def published(project: Project | None = None, **fields: Any) -> Revision:
    """A revision that everybody sees, made by a job that a donor's pledge paid for."""
    return actions.approve_revision(revision=proposed(project, **fields), by=reviewer().actor)


def published_data(project: Project | None = None, *, name: str = "corpus", **files: bytes) -> Revision:
    """A data set that people brought and a reviewer let out."""
    project = project or project_with()
    lead = project.memberships.first()
    assert lead is not None
    artifact = artifact_of(project, name=name, kind=ArtifactKind.DATASET)
    content = files or {"train.txt": b"one\ntwo\n"}
    named = {path.replace("__", "."): data for path, data in content.items()}
    committed(artifact, lead.user, {"README.md": b"# Corpus\n\nLines of text.\n"} | named)
    revision = actions.draft_revision(artifact=artifact, licence="CC-BY-4.0", by=TESTER)
    actions.propose_revision(revision=revision, by=TESTER)
    return actions.approve_revision(revision=revision, by=reviewer().actor)


def paper_draft(revision: Revision | None = None, **fields: Any) -> actions.PublicationDraft:
    """A paper by one author about a revision."""
    links = [actions.LinkDraft(artifact=revision.artifact, revision=revision)] if revision else []
    defaults: dict[str, Any] = {
        "title": "Learning from Less",
        "kind": PublicationKind.PREPRINT,
        "abstract": "We train a small model.",
        "credits": [actions.CreditDraft("Ada Lovelace", orcid="0000-0002-1825-0097", affiliation="Example Institute")],
        "links": links,
    }
    return actions.PublicationDraft(**(defaults | fields))


def published_paper(revision: Revision, **fields: Any) -> Publication:
    """A paper about a published revision that everybody sees."""
    assert revision.artifact.project is not None
    draft = paper_draft(revision, **fields)
    paper = actions.create_publication(project=revision.artifact.project, draft=draft, by=TESTER)
    actions.propose_publication(publication=paper, by=TESTER)
    return actions.approve_publication(publication=paper, by=reviewer().actor)
