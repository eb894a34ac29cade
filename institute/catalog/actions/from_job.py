"""From a job's output to a draft: bytes copied inside the store, measurements and sources written down."""

import json
import re
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from compute.jobs.models import Job, JobFile
from compute.recipes.base import FieldType
from compute.tracking.models import Run
from institute.catalog.actions.artifacts import create_artifact, require_name
from institute.catalog.actions.blobs import store_blob, store_text
from institute.catalog.actions.commits import CommitDraft, Put, signature_of, write_commit
from institute.catalog.actions.revisions import acknowledged, adopt_candidate, create
from institute.catalog.enums import ArtifactKind, Attestation, Basis, Relation, RevisionStatus
from institute.catalog.formats import cards, licences, metrics
from institute.catalog.models import Artifact, Blob, EvaluationResult, Revision, RevisionSource
from institute.catalog.queries import artifacts, outputs, references, trees
from institute.catalog.queries.bytes import text_of
from institute.core.actors import Actor
from institute.core.errors import Refused
from institute.core.storage import store
from institute.people.models import Handle


def draft_revision_from_job(
    *,
    job: Job,
    by: Actor,
    artifact: Artifact | None = None,
    name: str = "",
    as_candidate: bool = False,
    now: datetime | None = None,
) -> Revision:
    """Make a draft model revision of what a job handed in; the one it has already is returned (and taken up).

    Without `artifact` it goes to the model called `name` (default: the job's name) under the project's handle,
    which is made if there is none. Bytes are copied from jobs/ to blobs/ before the transaction, so that a
    repetition after a crash copies only what is missing.

    Raises Refused if the job handed nothing in, or if a file in the store is not what the job's manifest says.
    """
    known = artifacts.revision_of_job(job.public_id)
    if known is None:
        output = outputs.accepted_output(job)
        if output is None:
            raise Refused(
                _("The job “%(job)s” has handed no output in.") % {"job": job},
                rule="no-output",
                way_out=_("Publish a job that has succeeded."),
            )
        _find_target(job, artifact, name)  # what is refused shall be so before anything is copied
        blobs = _copy_files(job, by)
        blobs[outputs.MANIFEST] = store_text(output.manifest_text, by=by)
        known = _draft(job, blobs, artifact, name, as_candidate, by, now or timezone.now())
    if known.status == RevisionStatus.CANDIDATE and not as_candidate:
        return adopt_candidate(revision=known, by=by)
    return known


def _copy_files(job: Job, by: Actor) -> dict[str, Blob]:
    files = sorted(outputs.output_files(job), key=lambda file: file.sha256)
    return {file.path: _copy(file, by) for file in files}


def _copy(file: JobFile, by: Actor) -> Blob:
    blob: Blob | None = None
    with suppress(FileNotFoundError), store().open(file.key) as source:
        blob = store_blob(source=source, by=by)
    if blob is None or blob.sha256 != file.sha256:
        raise Refused(
            _("“%(path)s” in the store is not what the job handed in.") % {"path": file.path},
            rule="output-damaged",
            way_out=_("Run the job again; staff can see the damage in the log."),
        )
    return blob


def _draft(
    job: Job, blobs: dict[str, Blob], artifact: Artifact | None, name: str, as_candidate: bool, by: Actor, now: datetime
) -> Revision:
    with transaction.atomic():
        artifact = _target(job, artifact, name, by)
        Artifact.objects.select_for_update(of=("self",)).get(pk=artifact.pk)
        run = Run.objects.filter(job=job).first()
        revision = Revision(
            artifact=artifact,
            label=artifacts.next_label(artifact),
            job=job,
            run=run,
            licence=licences.canonical(str(job.inputs.get("licence") or "")),
            notes=str(job.inputs.get("notes") or "")[:10_000],
            status=RevisionStatus.CANDIDATE if as_candidate else RevisionStatus.DRAFT,
            n_files=0,
            created_by=str(by),
        )
        blobs[trees.CARD] = store_text(_card(job, blobs, revision), by=by)
        revision.commit = write_commit(
            artifact=artifact,
            changes=[Put(path, blob.sha256) for path, blob in sorted(blobs.items())],
            draft=CommitDraft(
                f"{revision.label}: output of job {job.name}\n\nJob: {job.public_id}\n",
                signature_of(by, now),
                replace=True,
            ),
            by=by,
        )
        files = trees.files_of(revision.commit)
        revision.n_files, revision.n_bytes = len(files), sum(file.size for file in files)
        revision = create(revision, by)
        _note_sources(revision, job, run)
        _note_measurements(revision, blobs, run, by)
    return revision


def _target(job: Job, artifact: Artifact | None, name: str, by: Actor) -> Artifact:
    found, namespace, name = _find_target(job, artifact, name)
    return found or create_artifact(kind=ArtifactKind.MODEL, namespace=namespace, name=name, by=by)


def _find_target(job: Job, artifact: Artifact | None, name: str) -> tuple[Artifact | None, Handle, str]:
    """(the model, if there is one; where it is to be made). Raises Refused if it cannot be."""
    namespace = Handle.objects.get(name__iexact=job.project.handle)
    if artifact is not None:
        if artifact.project_id != job.project_id or artifact.kind != ArtifactKind.MODEL:
            raise Refused(
                _("%(artifact)s is no model of the job's project.") % {"artifact": artifact},
                field="artifact",
                rule="artifact-project",
            )
        return artifact, namespace, artifact.name
    name = name.strip() or slug_of(job.name)
    found = artifacts.artifact_at(ArtifactKind.MODEL, namespace.name, name)
    if found is None:
        require_name(namespace, name)
    return found, namespace, name


def slug_of(text: str) -> str:
    """A name for an address from a job's name; "model" if no letter is left."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:96].strip("-._") or "model"


def _card(job: Job, blobs: dict[str, Blob], revision: Revision) -> str:
    """The job's own card, with licence and tags in front and the donors thanked at its end."""
    own = blobs.get(trees.CARD)
    text = text_of(own) if own else f"# {revision.artifact.name}\n"
    wanted = {"license": revision.licence.lower(), "tags": ["headwaters", job.recipe]}
    with suppress(cards.BadCard):  # then the check of the card says so
        own_front = cards.split(text)[0]
        text = cards.with_front(text, **{key: value for key, value in wanted.items() if not own_front.get(key)})
    return acknowledged(text, revision)


def _note_sources(revision: Revision, job: Job, run: Run | None) -> None:
    rows = []
    if run is not None:
        evidence = {"job": job.public_id, "recipe": job.recipe, "recipe_version": job.recipe_version}
        rows.append(
            RevisionSource(
                revision=revision,
                relation=Relation.PRODUCED_BY,
                from_run=run,
                basis=Basis.COMPUTED,
                evidence=evidence,
            )
        )
    recipe = outputs.recipe_of(job)
    for field in recipe.reference_fields if recipe else ():
        source = references.revision_named(str(job.inputs.get(field.name) or ""))
        if source is None:
            continue
        is_data = field.type == FieldType.DATASET
        relation = Relation.TRAINED_ON if is_data or recipe is None else Relation(recipe.relation)
        rows.append(
            RevisionSource(
                revision=revision,
                relation=relation,
                role=field.name[:32],
                from_revision=source,
                basis=Basis.COMPUTED,
                evidence={"job": job.public_id, "input": field.name, "reference": job.inputs[field.name]},
            )
        )
    RevisionSource.objects.bulk_create(rows)


def _note_measurements(revision: Revision, blobs: dict[str, Blob], run: Run | None, by: Actor) -> None:
    blob = blobs.get("metrics.json")
    try:
        measured = metrics.read(json.loads(text_of(blob))) if blob else metrics.Metrics([], [])
    except (ValueError, metrics.BadMetrics):
        return  # the check of the gates says so
    recipe = outputs.recipe_of(revision.job) if revision.job else None
    declared = {metric.name: metric for metric in recipe.metrics} if recipe else {}
    EvaluationResult.objects.bulk_create(
        EvaluationResult(
            revision=revision,
            metric=value.name[:128],
            value=value.value,
            stderr=value.stderr,
            n=value.n,
            unit=value.unit or (declared[value.name].unit if value.name in declared else ""),
            control=measured.to_beat(
                value, higher_is_better=value.name in declared and declared[value.name].higher_is_better
            ),
            run=run,
            attestation=Attestation.ATTESTED,
            created_by=str(by),
        )
        for value in measured.values
    )
